// A step of a build that wrote something, and where what it wrote stands.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "render/kustomize/observer.h"
#include "render/kustomize/patch_source.h"

namespace slipway::render::kustomize {

// That a field was written.
struct Writing {
  size_t state = 0;                    // the object's, that it brought about
  int operation = -1;                  // of a JSON patch; -1: it is none, or the step did more than its operations say
  std::vector<std::string> path = {};  // of the field, in that state
};

// Whether two elements of lists have the same name, by the first such field that both have; nothing: they have none in
// common.
std::optional<bool> same_name(const Value& a, const Value& b);

class Writer {
 public:
  explicit Writer(const Step& step);
  bool is_file() const { return what_.empty(); }
  bool is_patch() const { return patch_ || !strategic_.empty(); }
  const std::string& what() const { return what_; }  // "namePrefix", "patches", "name hash"; "" a file of resources
  // Of a JSON patch its operations, else an empty list.
  const Value& operations() const;
  // The entry of a kustomization, a plugin, or line 0.
  const base::Place& entry() const;
  // The field itself, in a file of resources (`read`: its document's place), a patch, a list of labels; line 0 where
  // there is no more to say than entry(). `before` and `after` mean what they say: see value::written_meaning().
  base::Place field(const Writing& writing, const Value& before, const Value& after, const base::Place& read) const;

 private:
  struct Text {
    PatchSource source;
    std::vector<Value> documents;
  };
  const std::vector<Text>& texts() const;
  // A document of the file of resources.
  struct Read {
    int lines_before = 0;
    std::optional<Value> value;  // nothing where it cannot be read
    std::shared_ptr<value::YamlPlaces> places;
  };
  const Read& document_at(int line) const;
  struct Part;
  base::Place in_file(const Writing& writing, const Value& after, const base::Place& read) const;
  base::Place in_operation(const Writing& writing) const;
  base::Place in_merges(const Writing& writing, const Value& before, const Value& after) const;
  base::Place in_entry(const Writing& writing, const Value& before) const;

  std::string what_, field_;
  Spot spot_;
  base::Place plugin_;
  std::shared_ptr<const std::string> file_;
  std::optional<Patch> patch_;
  std::vector<Named> strategic_;
  std::optional<Folder> folder_;
  std::vector<Var> vars_;
  // Looked up when they are asked for.
  mutable std::optional<base::Place> entry_;
  mutable std::optional<std::vector<Text>> texts_;
  mutable std::shared_ptr<const std::vector<Part>> parts_;
  mutable std::optional<Read> read_;  // the last one: fields of one object are asked for one after the other
};

}  // namespace slipway::render::kustomize
