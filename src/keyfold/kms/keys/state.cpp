#include "keyfold/kms/keys/state.h"

#include <array>
#include <string>

namespace keyfold::keys {
namespace {

// What a cell of the table says. The numbers are the footnotes of AWS's page.
enum class Cell : std::uint8_t {
  yes,
  disabled,              // 1
  pending_deletion,      // 3; where the page leaves 2 or 3 open, AWS answers 3
  not_pending_deletion,  // 4
  pending_import,        // 5
  external_origin,       // 6
  custom_store_origin,   // 7
  unavailable,           // 11
  creating,              // 14
  updating,              // 15
};

constexpr std::size_t states = 8;
using Row = std::array<Cell, states>;

constexpr auto yes = Cell::yes;
constexpr auto x1 = Cell::disabled;
constexpr auto x3 = Cell::pending_deletion;
constexpr auto x4 = Cell::not_pending_deletion;
constexpr auto x5 = Cell::pending_import;
constexpr auto x6 = Cell::external_origin;
constexpr auto x7 = Cell::custom_store_origin;
constexpr auto x11 = Cell::unavailable;
constexpr auto x14 = Cell::creating;
constexpr auto x15 = Cell::updating;

// Rows in the order of StateRule, columns in that of KeyState. RotateKeyOnDemand came after the page was written: as
// the other changes of a key's material, except that an imported key may be rotated so.
constexpr std::array<Row, 10> table{{
    // Creating, Enabled, Disabled, PendingDeletion, PendingImport, PendingReplicaDeletion, Unavailable, Updating
    {yes, yes, yes, yes, yes, yes, yes, yes},  // any_state
    {x4, x4, x4, yes, x4, yes, x4, x4},        // cancel_key_deletion
    {yes, yes, yes, x3, yes, x3, yes, yes},    // edit
    {x14, yes, x1, x3, x5, x3, x11, yes},      // use
    {x14, yes, yes, x3, x5, x3, yes, x15},     // enable_disable
    {x14, yes, x1, x3, x6, x3, x7, yes},       // rotation_setting
    {yes, yes, yes, yes, x6, yes, x7, yes},    // rotation_status
    {x14, yes, x1, x3, x5, x3, x11, x15},      // rotate_on_demand
    {yes, yes, yes, x3, yes, x3, yes, x15},    // schedule_deletion
    {x14, yes, x1, x3, x5, x3, yes, yes},      // create_grant
}};

Error refusal(Cell cell, KeyState state, const KeyArn& key) {
  const std::string arn(key.text());
  switch (cell) {
    case Cell::disabled:
      return {ErrorCode::disabled, arn + " is disabled."};
    case Cell::pending_deletion:
      return {ErrorCode::invalid_state,
              arn + (state == KeyState::pending_replica_deletion ? " is pending replica deletion."
                                                                 : " is pending deletion.")};
    case Cell::not_pending_deletion:
      return {ErrorCode::invalid_state, arn + " is not pending deletion."};
    case Cell::pending_import:
      return {ErrorCode::invalid_state, arn + " is pending import."};
    case Cell::external_origin:
      return {ErrorCode::unsupported_operation, arn + " origin is EXTERNAL which is not valid for this operation."};
    case Cell::custom_store_origin:
      return {ErrorCode::unsupported_operation, arn + " origin is AWS_CLOUDHSM which is not valid for this operation."};
    case Cell::unavailable:
      return {ErrorCode::invalid_state, arn + " is unavailable."};
    case Cell::creating:
      return {ErrorCode::invalid_state, arn + " is creating."};
    case Cell::updating:
      return {ErrorCode::invalid_state, arn + " is updating."};
    case Cell::yes:
      break;
  }
  return {ErrorCode::internal, "a state that allows the operation was refused"};
}

}  // namespace

Outcome state_allows(StateRule rule, KeyState state, const KeyArn& key) {
  const auto cell = table.at(static_cast<std::size_t>(rule)).at(static_cast<std::size_t>(state) - 1);
  if (cell == Cell::yes) return ok();
  return refusal(cell, state, key);
}

}  // namespace keyfold::keys
