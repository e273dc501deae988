// The documents behind a values.schema.json: itself, the drafts' own schemas, and what $ref names elsewhere; which
// schema each reference leads to. Errors are in the words of the validator that Helm uses.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "render/helm/schema.h"
#include "render/helm/schema_spelling.h"
#include "value/value.h"

namespace slipway::render::helm {

// A schema and the draft it is read by. Points into a document.
struct SchemaAt {
  const Value* schema = nullptr;
  int draft = 2020;
  std::string address;  // with the fragment: "file:///values.schema.json#/$defs/port"
};

class SchemaDocuments {
 public:
  // Whether a schema is one, by its draft's own schema; `where`: how errors name it; `documents`: it is in one of them.
  using CheckSchema = std::function<Result<>(int draft, const Value& schema, const std::string& where,
                                             const SchemaDocuments& documents)>;
  // `elsewhere` and `warnings` outlive this. `check`: null for the drafts' own schemas.
  SchemaDocuments(const FetchedSchemas& elsewhere, CheckSchema check, std::vector<std::string>& warnings)
      : elsewhere_(elsewhere), check_(std::move(check)), warnings_(warnings) {}

  // The document at this address, with all that it leads to. `text`: what `root` was read from, for spelling(); it
  // outlives this. Errors: invalid.
  Result<SchemaAt> add(const std::string& address, Value root, std::string_view text = {});
  Result<SchemaAt> add_metaschema(int draft);
  // Where a schema's "$ref", "$recursiveRef" or "$dynamicRef" leads; null: nowhere that matters.
  const SchemaAt* target(const Value* schema) const;
  // In the document that is checked first: where "#name" leads that any schema may override.
  const SchemaAt* dynamic(const Value* schema) const;
  // A number as its document writes it, "1.0" or "1e2"; of one without a text, and anywhere else, as JSON says it.
  std::string spelling(const Value& number) const;
  // Addresses that `elsewhere` lacks.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  struct Document {
    std::string address;
    Value root;
    std::string_view text;                             // "": not known
    mutable std::optional<NumberSpellings> spellings;  // of `text`, when first asked for
    int draft = 2020;
    std::map<std::string, std::pair<const Value*, std::string>> resources;  // by $id, absolute; with its pointer
    std::map<std::string, std::pair<const Value*, std::string>> anchors;    // by base#anchor
    std::unordered_set<const Value*> known;                                 // places that are schemas
  };
  // From a schema to one right below.
  struct Step {
    std::string_view keyword;
    std::optional<std::string_view> member;
    std::optional<size_t> index;
  };
  // The way to a schema: only errors and names need it as a text.
  struct Trail {
    const Trail* up = nullptr;
    std::string_view start;  // the pointer it begins at
    Step step;
    std::string pointer() const;
  };
  struct Waiting {
    const Value* schema;
    Document* document;
    const std::string* base;  // in bases_
  };

  Result<Document*> load(const std::string& address);
  Result<Document*> read(const std::string& address, Value root, std::string_view text = {});
  Result<int> draft_for(const Value& root, const std::string& address);
  Result<> gather(Document& document, const Value& schema, const std::string& outer, const Trail& trail, int depth);
  Result<> valid(const Document& document, const Value& schema, const std::string& pointer);
  Result<> compile();
  Result<> refer(const Waiting& from, const std::string& reference);
  Result<SchemaAt> find(const std::string& address, const std::string& fragment);
  const std::string* kept(const std::string& base);  // in bases_
  void wait_for(const Value& schema, Document* document, const std::string* base);

  const FetchedSchemas& elsewhere_;
  CheckSchema check_;
  std::vector<std::string>& warnings_;
  std::map<std::string, std::unique_ptr<Document>> documents_;
  std::string first_;  // the address that was added first
  std::map<const Value*, SchemaAt> targets_, dynamic_;
  std::unordered_set<const Value*> compiled_;
  std::set<std::string> bases_;
  std::deque<Waiting> waiting_;
  std::vector<std::string> missing_;
};

}  // namespace slipway::render::helm
