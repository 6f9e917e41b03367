#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::list_key_rotations>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ListKeyRotationsRequest>());
  TRY_ASSIGN(const auto limit, page_limit(request.limit, {.usual = 100, .max = 1000}));
  TRY_ASSIGN(const auto key, read_key<op::ListKeyRotations>(call, request.key_id));
  using Rotations = keys::Keys::Rotations;
  const auto which = request.all_key_material ? Rotations::all_key_material : Rotations::rotations_only;
  TRY_ASSIGN(const auto page, keys::Keys::list_rotations(*key, which, limit, request.marker.value_or("")));
  append_page(call.reply(), "Rotations", page, [&](protocol::JsonWriter& json, const keys::Material& material) {
    const bool current = material.id == key->current().id;
    json.begin_object()
        .text("KeyId", key->id.text())
        .hex("KeyMaterialId", material.id)
        .text("KeyMaterialState", current ? "CURRENT" : "NON_CURRENT");
    if (material.rotation_type != keys::RotationType::none)
      json.time("RotationDate", material.created).text("RotationType", keys::to_text(material.rotation_type));
    json.end_object();
  });
  return ok();
}

}  // namespace keyfold::server
