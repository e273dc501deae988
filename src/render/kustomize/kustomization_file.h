// A kustomization file that is edited: read as kustomize's own commands read it, written back as they write it. Fields
// keep their place and the comment lines above them; values are written anew, new fields come last in kustomize's
// order.
#pragma once

#include <string>
#include <vector>

#include "render/kustomize/fields.h"
#include "value/value.h"

namespace slipway::render::kustomize {

class KustomizationFile {
 public:
  // `written`: without what kustomize brings up to date when it edits.
  enum class As { written, edited };
  // Errors: as read_kustomization's, with file and line.
  static Result<KustomizationFile> read(std::string text, const std::string& file, As as = As::edited);
  // As an object with the fields of the API, empty ones left out; when edited, `bases` are joined to `resources`, `env`
  // to `envs`, and the like.
  Value fields;
  std::string text() const;
  // Where in the file that was read a field stands, by a pointer into `fields` as they were read.
  base::Place place(std::string_view pointer) const;

 private:
  struct Placed {
    std::string name, comment;  // comment: lines above it, or below the one before
  };
  void note_places(std::string_view text);
  std::vector<Placed> placed_;
  Spot source_;
  Value written_;
};

}  // namespace slipway::render::kustomize
