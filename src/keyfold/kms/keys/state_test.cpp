#include "keyfold/kms/keys/state.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>

namespace keyfold::keys {
namespace {

const KeyArn arn = *KeyArn::parse("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");

// The table as AWS prints it: Enabled, Disabled, PendingDeletion (and PendingReplicaDeletion), PendingImport,
// Unavailable, Creating, Updating; the numbers are its footnotes.
struct Row {
  StateRule rule;
  const char* cells;
};
constexpr Row printed[] = {
    {StateRule::any_state, "Y Y Y Y Y Y Y"},
    {StateRule::cancel_key_deletion, "4 4 Y 4 4 4 4"},
    {StateRule::edit, "Y Y 3 Y Y Y Y"},
    {StateRule::use, "Y 1 3 5 11 14 Y"},
    {StateRule::enable_disable, "Y Y 3 5 Y 14 15"},
    {StateRule::rotation_setting, "Y 1 3 6 7 14 Y"},
    {StateRule::rotation_status, "Y Y Y 6 7 Y Y"},
    {StateRule::rotate_on_demand, "Y 1 3 5 11 14 15"},
    {StateRule::schedule_deletion, "Y Y 3 Y Y Y 15"},
    {StateRule::create_grant, "Y 1 3 5 Y 14 Y"},
};
constexpr KeyState columns[] = {KeyState::enabled,        KeyState::disabled,    KeyState::pending_deletion,
                                KeyState::pending_import, KeyState::unavailable, KeyState::creating,
                                KeyState::updating};
const std::map<std::string, std::pair<ErrorCode, std::string>> footnotes = {
    {"1", {ErrorCode::disabled, " is disabled."}},
    {"3", {ErrorCode::invalid_state, " is pending deletion."}},
    {"4", {ErrorCode::invalid_state, " is not pending deletion."}},
    {"5", {ErrorCode::invalid_state, " is pending import."}},
    {"6", {ErrorCode::unsupported_operation, " origin is EXTERNAL which is not valid for this operation."}},
    {"7", {ErrorCode::unsupported_operation, " origin is AWS_CLOUDHSM which is not valid for this operation."}},
    {"11", {ErrorCode::invalid_state, " is unavailable."}},
    {"14", {ErrorCode::invalid_state, " is creating."}},
    {"15", {ErrorCode::invalid_state, " is updating."}},
};

TEST(StateTable, AnswersEveryOperationInEveryStateAsAws) {
  for (const auto& [rule, cells] : printed) {
    std::istringstream in(cells);
    for (const auto state : columns) {
      std::string cell;
      in >> cell;
      const auto outcome = state_allows(rule, state, arn);
      if (cell == "Y") {
        EXPECT_TRUE(outcome) << static_cast<int>(rule) << " " << to_text(state);
        continue;
      }
      ASSERT_FALSE(outcome) << static_cast<int>(rule) << " " << to_text(state);
      const auto& [code, text] = footnotes.at(cell);
      EXPECT_EQ(outcome.error().code, code) << to_text(state);
      EXPECT_EQ(outcome.error().message, std::string(arn.text()) + text);
    }
  }
}

TEST(StateTable, PendingReplicaDeletionIsAsPendingDeletion) {
  for (const auto& [rule, cells] : printed) {
    const auto replica = state_allows(rule, KeyState::pending_replica_deletion, arn);
    const auto plain = state_allows(rule, KeyState::pending_deletion, arn);
    ASSERT_EQ(replica.has_value(), plain.has_value());
    if (!replica) {
      EXPECT_EQ(replica.error().message, std::string(arn.text()) + " is pending replica deletion.");
    }
  }
}

}  // namespace
}  // namespace keyfold::keys
