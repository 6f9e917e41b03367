// Any bytes as a policy: parsed or refused, and what was parsed decides without a crash and without contradicting
// itself where less is known.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "keyfold/kms/policy/authorizer.h"

using namespace keyfold;          // NOLINT(google-build-using-namespace)
using namespace keyfold::policy;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::string_view user = "arn:aws:iam::111122223333:user/ledger-writer";
constexpr std::string_view key = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

void require(bool holds) {
  if (!holds) std::abort();
}

void decide(const Document& document, const Policies& policies) {
  ContextPair pairs[] = {{.key = "Domain", .value = "cards"}, {.key = "tenant", .value = "17"}};
  const auto context = ContextView::over(pairs);
  for (const auto action : {op::Encrypt::action, op::PutKeyPolicy::action}) {
    Request request;
    request.principal = {.arn = user, .account = "111122223333", .type = PrincipalType::user};
    request.action = action;
    request.resource = key;
    request.resource_account = "111122223333";
    request.context = *context;
    const auto whole = evaluate(request, policies);
    require(whole.verdict != Verdict::unknown);
    require(whole.verdict == Verdict::deny || document.kind() == PolicyKind::key || policies.key == nullptr);
    (void)denial_text(request, whole);
    request.context_extent = Extent::partial;
    request.principal.arn = {};
    const auto part = evaluate(request, policies);
    require(part.verdict == whole.verdict || part.verdict == Verdict::unknown);
    require((part.verdict == Verdict::unknown) == !part.remaining.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto document = Document::parse(text, PolicyKind::key)) decide(*document, {.key = &*document});
  if (const auto document = Document::parse(text, PolicyKind::identity)) {
    const Document* const documents[] = {&*document};
    const auto all = std::span<const Document* const>(documents);
    decide(*document, {.key = nullptr, .identity = all});
    decide(*document, {.key = nullptr, .identity = all, .boundary = all, .session = all});
  }
  (void)Document::parse(text, PolicyKind::trust);
  return 0;
}
