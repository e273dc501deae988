// Images: kustomize walks twice, once through every containers list wherever it stands and once through its table; a
// tagSuffix therefore lands twice, here as there.
#include <re2/re2.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "render/kustomize/image_name.h"
#include "render/kustomize/transform.h"
#include "render/words.h"
#include "value/note.h"

namespace slipway::render::kustomize {

// A colon before the last slash belongs to the registry's port, but only the first slash is looked at.
ImageName split_image_name(std::string_view image) {
  size_t slash = image.find('/');
  size_t from = slash == image.npos || slash == 0 ? 0 : slash;
  size_t at = image.find('@', from), colon = image.find(':', from);
  if (at == image.npos && colon == image.npos) return {std::string(image), "", ""};
  if (at != image.npos && (colon == image.npos || at < colon))
    return {std::string(image.substr(0, at)), "", std::string(image.substr(at + 1))};
  std::string name(image.substr(0, colon));
  if (at == image.npos) return {name, std::string(image.substr(colon + 1)), ""};
  return {name, std::string(image.substr(colon + 1, at - colon - 1)), std::string(image.substr(at + 1))};
}

namespace {

class Retag {
 public:
  explicit Retag(const Image& image)
      : image_(image),
        pattern_("^" + image.name + "(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?$",
                 RE2::Quiet) {}
  size_t written() const { return written_; }
  size_t text_size() const {
    return image_.new_name.size() + image_.new_tag.size() + image_.digest.size() + image_.tag_suffix.size();
  }
  bool may_match(std::string_view text) const { return pattern_.ok() && RE2::PartialMatch(text, pattern_); }

  Result<Value> operator()(const Value& field) const {
    if (field.is_null()) return field;
    if (field.is_object() || field.is_array())
      return fail(ErrorKind::invalid, "expected an image name, found {}", words(field.type()));
    std::string text = scalar_text(field);  // a number may be one
    if (!may_match(text)) return field;
    ++written_;
    ImageName parts = split_image_name(text);
    if (!image_.new_name.empty()) parts.name = image_.new_name;
    if (!image_.new_tag.empty() || !image_.digest.empty()) {
      parts.tag = image_.new_tag;
      parts.digest = image_.digest;
    } else if (!image_.tag_suffix.empty()) {
      parts.tag += image_.tag_suffix;
      parts.digest.clear();
    }
    if (!parts.tag.empty()) parts.name += ":" + parts.tag;
    if (!parts.digest.empty()) parts.name += "@" + parts.digest;
    return untyped_over(field, parts.name);
  }

 private:
  const Image& image_;
  RE2 pattern_;
  mutable size_t written_ = 0;
};

Result<Value> in_containers(const Value& node, const Change& retag) {
  if (node.is_array()) {
    Value out = node;
    for (size_t i = 0; i < node.size(); ++i) {
      Value after = OR_RETURN(in_containers(node[i], retag));
      if (!after.same_node(node[i])) out = out.with_item(i, std::move(after));
    }
    return out;
  }
  if (!node.is_object()) return node;
  Value out = node;
  for (const auto& [key, inner] : node.members()) {
    if (!inner.is_array() && !inner.is_object()) continue;
    Value after = OR_RETURN(in_containers(inner, retag));
    if ((key.view() == "containers" || key.view() == "initContainers") && after.is_array()) {
      for (size_t i = 0; i < after.size(); ++i) {
        if (!after[i].is_object() || !after[i]["image"].is_string()) continue;
        Value image = OR_RETURN(retag(after[i]["image"]));
        const Value& old = after[i]["image"];
        if (!(image == old) || value::note_of(image) != value::note_of(old))
          after = after.with_item(i, after[i].with_member("image", std::move(image)));
      }
    }
    if (!after.same_node(inner)) out = out.with_member(key, std::move(after));
  }
  return out;
}

Result<> set_in(const ResourceSet& set, Resource& r, const Retag& retag, std::span<const FieldSpec> fields) {
  size_t before = retag.written();
  Value after = OR_RETURN(in_containers(r.object(), std::cref(retag)));
  if (!after.same_node(r.object())) r.set_object(std::move(after));
  for (const FieldSpec& field : fields) OR_RETURN(change_fields(r, field, Missing::skip, std::cref(retag)));
  r.scalars_written += static_cast<int>(retag.written() - before);
  return set.charge((retag.written() - before) * retag.text_size());
}

bool has_images(const Resource& r) {
  return !r.is_removed() && r.gvk().kind != "CustomResourceDefinition";
}

// What every text that the name matches begins with: a name is an expression, and most are plain words.
std::string literal_beginning(std::string_view name) {
  if (name.find('|') != name.npos) return "";
  size_t end = std::min(name.find_first_of(R"(\^$.?*+()[]{})"), name.size());
  bool may_be_absent = end < name.size() && std::string_view("?*{").find(name[end]) != std::string_view::npos;
  std::string_view beginning = name.substr(0, end);
  if (may_be_absent) {
    auto is_inside = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    while (!beginning.empty() && is_inside(beginning.back())) beginning.remove_suffix(1);
    if (!beginning.empty()) beginning.remove_suffix(1);
  }
  return std::string(beginning);
}

}  // namespace

Result<> set_image(ResourceSet& set, const Image& image, std::span<const FieldSpec> fields) {
  Retag retag(image);
  for (size_t i = 0; i < set.all().size(); ++i) {
    if (!has_images(set.all()[i])) continue;
    size_t before = retag.written();
    OR_RETURN(set_in(set, set.all()[i], retag, fields));
    if (retag.written() != before) set.touched(i);  // a field of one's own may be a name
  }
  return {};
}

Result<> ImageSetter::set(const Image& image) {
  constexpr int kWithoutIndex = 4;
  if (++entries_ <= kWithoutIndex) return set_image(set_, image, fields_);
  for (; noted_ < set_.all().size(); ++noted_) note(noted_);
  std::vector<size_t> meant = always_;
  std::string beginning = literal_beginning(image.name);
  for (auto at = by_text_.lower_bound(beginning); at != by_text_.end() && at->first.starts_with(beginning); ++at)
    meant.insert(meant.end(), at->second.begin(), at->second.end());
  if (meant.empty()) return {};
  std::ranges::sort(meant);
  meant.erase(std::ranges::unique(meant).begin(), meant.end());
  Retag retag(image);
  for (size_t i : meant) {
    Resource& r = set_.all()[i];
    if (!has_images(r)) continue;
    size_t before = retag.written();
    OR_RETURN(set_in(set_, r, retag, fields_));
    if (retag.written() == before) continue;
    set_.touched(i);
    note(i);
  }
  return {};
}

// Under each text that an entry would be held against. One where an entry does something, or fails, whatever it is
// called is always looked at.
void ImageSetter::note(size_t index) {
  const Resource& r = set_.all()[index];
  if (!has_images(r)) return;
  bool odd = false;
  auto collect = [&](const Value& field) -> Result<Value> {
    odd = odd || field.is_object() || field.is_array();
    std::vector<size_t>& there = by_text_[scalar_text(field)];
    if (there.empty() || there.back() != index) there.push_back(index);
    return field;
  };
  auto is_as_before = [&](const Result<Value>& after) { return after && after->same_node(r.object()); };
  if (!is_as_before(in_containers(r.object(), collect))) odd = true;
  for (const FieldSpec& field : fields_)
    if (field.matches(r.gvk()) && !is_as_before(change_fields(r.object(), field.path, Missing::skip, collect)))
      odd = true;
  if (odd) always_.push_back(index);
}

}  // namespace slipway::render::kustomize
