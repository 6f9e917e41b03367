#pragma once
// What a connection's coroutine waits with: one coroutine for each connection's whole life, so that no frame and no
// handler is allocated for a request. Asio's own awaitables allocate a frame for each operation and recycle them for a
// thread; these keep the one operation that a connection can have outstanding in memory of the connection's.

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>

namespace keyfold::http {

using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

// Starts at once and frees itself at its end. Whoever resumes it must not use it afterwards.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }  // We throw none.
  };
};

// Memory for one operation at a time.
class OperationMemory {
 public:
  OperationMemory() = default;
  OperationMemory(const OperationMemory&) = delete;
  OperationMemory& operator=(const OperationMemory&) = delete;
  void* take(std::size_t size) {
    if (taken_ || size > sizeof(bytes_)) return ::operator new(size);
    taken_ = true;
    return bytes_;
  }
  void give_back(void* memory) {
    if (memory == bytes_) {
      taken_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  alignas(std::max_align_t) std::byte bytes_[256];
  bool taken_ = false;
};

template <class T>
class OperationAllocator {
 public:
  using value_type = T;
  explicit OperationAllocator(OperationMemory& memory) : memory_(&memory) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) : memory_(other.memory_) {}
  T* allocate(std::size_t count) { return static_cast<T*>(memory_->take(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) { memory_->give_back(memory); }
  friend bool operator==(const OperationAllocator& a, const OperationAllocator& b) { return a.memory_ == b.memory_; }

 private:
  template <class U>
  friend class OperationAllocator;
  OperationMemory* memory_;
};

// `co_await Receive(…)` waits for bytes: one recv, once the event loop knows that there are some.
class Receive {
 public:
  Receive(Socket& socket, asio::mutable_buffer space, OperationMemory& memory)
      : socket_(socket), space_(space), memory_(memory) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    socket_.async_read_some(space_, Done{this});
  }
  std::size_t await_resume() const { return count_; }  // 0: the end, an error, or a closed socket.

 private:
  struct Done {
    using allocator_type = OperationAllocator<std::byte>;
    allocator_type get_allocator() const { return allocator_type(self->memory_); }
    void operator()(const asio::error_code& error, std::size_t count) const {
      self->count_ = error ? 0 : count;
      self->waiting_.resume();
    }
    Receive* self;
  };
  Socket& socket_;
  asio::mutable_buffer space_;
  OperationMemory& memory_;
  std::coroutine_handle<> waiting_;
  std::size_t count_ = 0;
};

// Waits until the socket takes bytes again, or is closed.
class Writable {
 public:
  Writable(Socket& socket, OperationMemory& memory) : socket_(socket), memory_(memory) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    socket_.async_wait(Socket::wait_write, Done{this});
  }
  void await_resume() const {}

 private:
  struct Done {
    using allocator_type = OperationAllocator<std::byte>;
    allocator_type get_allocator() const { return allocator_type(self->memory_); }
    void operator()(const asio::error_code&) const { self->waiting_.resume(); }
    Writable* self;
  };
  Socket& socket_;
  OperationMemory& memory_;
  std::coroutine_handle<> waiting_;
};

// Leaves the handle where whoever has the answer will resume it.
class Parked {
 public:
  explicit Parked(std::coroutine_handle<>& place) : place_(place) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) { place_ = waiting; }
  void await_resume() const {}

 private:
  std::coroutine_handle<>& place_;
};

}  // namespace keyfold::http
