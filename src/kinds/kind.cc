// Types find their fields, the catalog finds its kinds.
#include "kinds/kind.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/table.h"

namespace slipway::kinds {
namespace {

class BuiltinCatalog final : public Catalog {
 public:
  BuiltinCatalog() {
    for (const Kind& kind : builtin_tables().kinds) {
      by_id_.emplace(kind.id.api_version() + "/" + kind.id.kind, &kind);
      if (!kind.served) continue;
      all_.push_back(&kind);
      by_resource_.emplace(kind.id.api_version() + "/" + kind.plural, &kind);
      by_kind_.emplace(kind.id.group + "/" + kind.id.kind, &kind);  // the first version listed is the preferred one
      // What is typed, alone and with its group behind it; where two kinds share a word, the first listed has it.
      std::vector<std::string> words = kind.short_names;
      words.push_back(kind.plural);
      words.push_back(kind.singular);
      for (const std::string& word : words) {
        by_word_.emplace(word, &kind);
        by_word_.emplace(word + "." + kind.id.group, &kind);
        by_word_.emplace(word + "." + kind.id.version + "." + kind.id.group, &kind);
      }
    }
    std::ranges::sort(all_, {},
                      [](const Kind* kind) { return std::tie(kind->id.group, kind->id.version, kind->id.kind); });
  }

  const Kind* find(const GroupVersionKind& id) const override { return look(by_id_, id.api_version() + "/" + id.kind); }
  const Kind* find_resource(std::string_view group, std::string_view version, std::string_view plural) const override {
    return look(by_resource_, group.empty() ? fmt::format("{}/{}", version, plural)
                                            : fmt::format("{}/{}/{}", group, version, plural));
  }
  const Kind* find_kind(std::string_view group, std::string_view kind) const override {
    return look(by_kind_, fmt::format("{}/{}", group, kind));
  }
  const Kind* find_word(std::string_view word) const override { return look(by_word_, base::to_lower(word)); }
  std::vector<const Kind*> all() const override { return all_; }
  uint64_t generation() const override { return 1; }

 private:
  using Index = std::unordered_map<std::string, const Kind*>;
  static const Kind* look(const Index& index, const std::string& key) {
    auto found = index.find(key);
    return found == index.end() ? nullptr : found->second;
  }
  Index by_id_, by_resource_, by_kind_, by_word_;
  std::vector<const Kind*> all_;
};

void collect(const Type& type, std::vector<const Field*>& into) {
  for (const Field& field : type.fields) {
    if (field.inlined && field.type.type)
      collect(*field.type.type, into);
    else
      into.push_back(&field);
  }
}

}  // namespace

GroupVersionKind GroupVersionKind::of(const Value& object) {
  std::string_view api_version = object["apiVersion"].as_string();
  size_t slash = api_version.find('/');
  GroupVersionKind id;
  if (slash != api_version.npos) id.group = api_version.substr(0, slash);
  id.version = slash == api_version.npos ? api_version : api_version.substr(slash + 1);
  id.kind = object["kind"].as_string();
  return id;
}

void Type::index() {
  sorted_.clear();
  collect(*this, sorted_);
  std::ranges::sort(sorted_, {}, [](const Field* f) { return std::string_view(f->name); });
  numbered_.clear();
  for (const Field& field : fields)
    if (field.tag > 0) numbered_.push_back(&field);
  std::ranges::sort(numbered_, {}, &Field::tag);
}

const Field* Type::field(std::string_view name) const {
  auto at = std::ranges::lower_bound(sorted_, name, {}, [](const Field* f) { return std::string_view(f->name); });
  return at != sorted_.end() && (*at)->name == name ? *at : nullptr;
}

bool Kind::status_subresource() const {
  return std::ranges::find(subresources, "status") != subresources.end();
}

const Catalog& builtin_catalog() {
  static const BuiltinCatalog& catalog = *new BuiltinCatalog;
  return catalog;
}

const Type* builtin_type(std::string_view name) {
  const auto& types = builtin_tables().type_by_name;
  auto found = types.find(name);
  return found == types.end() ? nullptr : found->second;
}

const Type& object_meta_type() {
  static const Type& type = *builtin_type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  return type;
}

}  // namespace slipway::kinds
