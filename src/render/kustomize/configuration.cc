#include "render/kustomize/configuration.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/order.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

std::vector<FieldSpec> everything(std::string_view path) {
  return {FieldSpec::of_path(path)};
}

// In kustomize's order of kinds: a reference that one row has followed no longer has the name that later ones look for.
void sort_references(std::vector<NameReference>& references) {
  auto kind_of = [](const NameReference& reference) {
    const FieldSpec& target = reference.target;
    return GroupVersionKind{target.group, target.version, target.kinds.empty() ? "" : target.kinds[0]};
  };
  std::ranges::stable_sort(references, comes_before, kind_of);
}

Configuration make_builtin() {
  Configuration c;
  c.name_prefix = c.name_suffix = everything("metadata/name");
  c.namespaces = namespaces_fields();
  c.common_labels = template_labels_fields();
  SLIPWAY_CHECK(add_fields(c.common_labels, claim_labels_fields()).has_value());
  SLIPWAY_CHECK(add_fields(c.common_labels, selector_labels_fields()).has_value());
  c.template_labels = template_labels_fields();
  std::erase_if(c.template_labels, [](const FieldSpec& f) { return f.path_text == "metadata/labels"; });
  c.claim_labels = claim_labels_fields();
  c.annotations = annotations_fields();
  c.vars = vars_fields();
  c.images = images_fields();
  c.replicas = replicas_fields();
  c.name_references = name_references();
  sort_references(c.name_references);
  c.builtin = true;
  return c;
}

}  // namespace

const Configuration& builtin_configuration() {
  static const Configuration builtin = make_builtin();
  return builtin;
}

namespace {

// Rows by what FieldSpec::covers() asks for: the path, and the kind where one is asked for.
class Rows {
 public:
  explicit Rows(std::vector<FieldSpec>& rows) : rows_(rows) {
    for (size_t i = 0; i < rows.size(); ++i) note(i);
  }
  const FieldSpec* first_that_covers(const FieldSpec& one) const {
    auto there = by_key_.find(key(one, one.kinds.empty() ? "" : one.kinds[0]));
    if (there == by_key_.end()) return nullptr;
    for (size_t i : there->second)
      if (rows_[i].covers(one)) return &rows_[i];
    return nullptr;
  }
  void add(FieldSpec row) {
    rows_.push_back(std::move(row));
    note(rows_.size() - 1);
  }

 private:
  static std::string key(const FieldSpec& row, std::string_view kind) {
    std::string out(kind);
    for (const std::string& part : row.path) out += '\n' + part;
    return out;
  }
  void note(size_t i) {
    by_key_[key(rows_[i], "")].push_back(i);
    for (const std::string& kind : rows_[i].kinds) by_key_[key(rows_[i], kind)].push_back(i);
  }
  std::vector<FieldSpec>& rows_;
  std::unordered_map<std::string, std::vector<size_t>> by_key_;
};

}  // namespace

Result<> add_fields(std::vector<FieldSpec>& to, const std::vector<FieldSpec>& from) {
  if (from.empty()) return {};
  Rows rows(to);
  for (const FieldSpec& field : from) {
    // kustomize's tables have a row for each kind.
    FieldSpec left = field, one = field;
    left.kinds.clear();
    bool any = false;
    for (size_t i = 0; i < std::max<size_t>(1, field.kinds.size()); ++i) {
      if (field.kinds.size()) one.kinds = {field.kinds[i]};
      const FieldSpec* there = rows.first_that_covers(one);
      if (!there) {
        any = true;
        left.kinds.insert(left.kinds.end(), one.kinds.begin(), one.kinds.end());
      } else if (there->create != field.create) {
        return fail(ErrorKind::invalid, "conflicting fieldspecs: \"{}\" is to be created by one and not by the other",
                    field.path_text);
      }
    }
    if (any) rows.add(std::move(left));
  }
  return {};
}

namespace {

// kustomize sorts rows by kind, and those for every kind come behind: whoever is merged first decides what is known.
void sort_fields(std::vector<FieldSpec>& fields) {
  std::ranges::stable_sort(fields, {}, [](const FieldSpec& f) { return f.kinds.empty(); });
}

}  // namespace

Result<> Configuration::merge(const Configuration& other) {
  if (other.builtin && !other.custom) {
    // Beside custom rows it is merged all the same: one of those may stand in the way of a row that was here before.
    if (builtin && !custom) return {};
    if (!custom) {
      *this = other;
      return {};
    }
  }
  using Fields = std::vector<FieldSpec>;
  static constexpr Fields Configuration::* lists[] = {
      &Configuration::name_prefix,   &Configuration::name_suffix, &Configuration::namespaces,
      &Configuration::common_labels, &Configuration::labels,      &Configuration::template_labels,
      &Configuration::claim_labels,  &Configuration::annotations, &Configuration::vars,
      &Configuration::images,        &Configuration::replicas};
  for (auto list : lists) {
    OR_RETURN(add_fields(this->*list, other.*list));
    sort_fields(this->*list);
  }
  std::unordered_map<std::string, size_t> targets;
  auto target_of = [](const NameReference& reference) {
    const FieldSpec& target = reference.target;
    return fmt::format("{}\n{}\n{}", target.group, target.version, base::join(target.kinds, ","));
  };
  for (size_t i = 0; i < name_references.size(); ++i) targets.emplace(target_of(name_references[i]), i);
  for (const NameReference& reference : other.name_references) {
    auto [same, fresh] = targets.emplace(target_of(reference), name_references.size());
    if (fresh)
      name_references.push_back(reference);
    else
      OR_RETURN(add_fields(name_references[same->second].fields, reference.fields));
  }
  sort_references(name_references);
  builtin = builtin || other.builtin;
  custom = true;
  return {};
}

Result<Configuration> read_configuration(const Folder& folder, const Named& entry) {
  auto file = folder.read(entry.text);
  if (!file) return std::move(file).error().at(entry.spot.place());
  Value v = OR_RETURN(read_first_document(*file->text, file->path, value::DuplicateKeys::refuse));
  Source source{.text = file->text, .file = file->path, .numbers_are_texts = true};
  Fields fields(source, v);
  Configuration c;
  c.name_prefix = read_field_specs(fields, "namePrefix");
  c.name_suffix = read_field_specs(fields, "nameSuffix");
  c.namespaces = read_field_specs(fields, "namespace");
  c.common_labels = read_field_specs(fields, "commonLabels");
  c.labels = read_field_specs(fields, "labels");
  c.template_labels = read_field_specs(fields, "templateLabels");
  c.claim_labels = read_field_specs(fields, "volumeClaimTemplateLabels");
  c.annotations = read_field_specs(fields, "commonAnnotations");
  c.vars = read_field_specs(fields, "varReference");
  c.images = read_field_specs(fields, "images");
  c.replicas = read_field_specs(fields, "replicas");
  fields.each("nameReference", [&](Fields& f) {
    NameReference reference;
    if (std::string kind = f.text("kind"); !kind.empty()) reference.target.kinds.push_back(kind);
    reference.target.group = f.text("group");
    reference.target.version = f.text("version");
    reference.fields = read_field_specs(f, "fieldSpecs");
    f.done("a nameReference");
    c.name_references.push_back(std::move(reference));
  });
  fields.done("a transformer configuration");
  if (source.fault) return std::move(*source.fault);
  return c;
}

}  // namespace slipway::render::kustomize
