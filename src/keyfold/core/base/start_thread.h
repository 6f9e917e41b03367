#pragma once
// start_thread: a thread where the system has one left.

#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace keyfold {

// False when there is none: then whoever asked does the work with those that there are.
template <class Work>
bool start_thread(std::vector<std::thread>& threads, Work&& work) {
  try {
    threads.emplace_back(std::forward<Work>(work));
    return true;
  } catch (const std::system_error&) {
    return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace keyfold
