#include "render/kustomize/patch_source.h"

#include "base/text.h"
#include "render/kustomize/documents.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

std::optional<PatchSource> in_file(const std::string& path, const Folder& folder, base::Place entry) {
  auto file = folder.read(path);
  if (!file) return std::nullopt;
  return PatchSource{file->text, file->path, 0, false, std::move(entry)};
}

// "" beyond the last one.
std::string_view line_of(std::string_view text, int number) {
  for (; number > 1; --number) {
    size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

// Below its key when it is a block, else on the key's line.
PatchSource text_within(const Spot& spot, std::string text) {
  base::Place key = spot.place();
  PatchSource source{std::make_shared<const std::string>(std::move(text)), spot.file, 0, true, key};
  source.lines_before = key.line;
  if (!spot.text || !key.line) return source;
  std::string_view line = base::trim(line_of(*spot.text, key.line));
  line = line.substr(0, line.find(" #"));
  size_t last = line.find_last_not_of("+-123456789 ");
  if (last != line.npos && line[last] == '|') source.one_place = false;
  return source;
}

Error PatchSource::placed(Error error, int skipped) const {
  if (!error.place().file.empty() || !error.place().line) return std::move(error).at(entry);
  error = further_down(std::move(error), skipped);
  // Columns count from the text's own indentation: not known.
  if (!one_place) error = further_down(std::move(error), lines_before);
  base::Place there =
      one_place ? entry : base::Place{file, error.place().line, lines_before ? 0 : error.place().column};
  std::string which = one_place ? fmt::format(" (in line {} of that text)", error.place().line) : "";
  return fail(error.kind(), "{}{}", error.message(), which).at(std::move(there));
}

base::Place PatchSource::place(std::string_view pointer, size_t document) const {
  if (one_place) return entry;
  base::Place found = value::locate_yaml(*text, file, document, pointer);
  if (!found.line) return {file};
  return {file, found.line + lines_before, lines_before ? 0 : found.column};
}

std::optional<PatchSource> find_patch_source(const Patch& patch, const Folder& folder) {
  if (!patch.path.empty()) return in_file(patch.path, folder, patch.spot.place());
  Spot spot = patch.spot;
  if (spot.text) spot.pointer += "/patch";
  PatchSource source = text_within(spot, patch.text);
  source.entry = patch.spot.place();
  return source;
}

std::optional<PatchSource> find_patch_source(const Named& patch, const Folder& folder) {
  if (patch.text.find('\n') == patch.text.npos)
    if (auto source = in_file(patch.text, folder, patch.spot.place())) return source;
  return text_within(patch.spot, patch.text);
}

}  // namespace slipway::render::kustomize
