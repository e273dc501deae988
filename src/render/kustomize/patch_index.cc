#include "render/kustomize/patch_index.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "value/json.h"
#include "value/note.h"
#include "value/patch.h"
#include "value/yaml_places.h"

namespace slipway::render::kustomize {
namespace {

constexpr size_t kShownMax = 60;
constexpr size_t kTellingMin = 6;  // shorter texts are alike by chance

bool is_index(std::string_view token) {
  return !token.empty() && token.size() < 7 && token.find_first_not_of("0123456789") == token.npos;
}

// What people call an element of a list: its name, or the text that it is.
std::string label_of(const Value& element) {
  for (const char* field : {"name", "key", "mountPath", "containerPort", "port", "host", "path", "type"})
    if (const Value* found = element.find(field); found && (found->is_string() || found->is_number()))
      return found->is_string() ? found->str() : value::to_json(*found);
  return element.is_string() ? element.str() : "";
}

std::string shown(const Value& v) {
  std::string text = label_of(v);
  if (text.empty()) text = value::to_json(v);
  if (text.size() > kShownMax) text = text.substr(0, kShownMax) + "...";
  return fmt::format("\"{}\"", text);
}

bool names_index(const Value& operations) {
  return std::ranges::any_of(operations.items(), [](const Value& operation) {
    auto tokens = value::pointer_split(operation["path"].str());
    return std::ranges::any_of(tokens, is_index);
  });
}

// The comments of each operation: lines above it, and at the ends of its own lines.
std::vector<std::string> comments_of(std::string_view text, size_t operations) {
  auto lines = base::split_lines(text);
  value::YamlPlaces places(std::make_shared<const std::string>(text), "");
  std::vector<size_t> starts;
  for (size_t i = 0; i < operations; ++i) {
    base::Place place = places.find(0, fmt::format("/{}", i));
    starts.push_back(place.line > 0 ? static_cast<size_t>(place.line) - 1 : lines.size());
  }
  auto is_comment = [&](size_t line) { return base::trim(lines[line]).starts_with('#'); };
  std::vector<std::string> out(operations);
  for (size_t i = 0; i < operations; ++i) {
    size_t from = std::min(starts[i], lines.size()), end = i + 1 < operations ? starts[i + 1] : lines.size();
    while (from > 0 && is_comment(from - 1)) --from;
    while (i + 1 < operations && end > starts[i] && end <= lines.size() && is_comment(end - 1)) --end;
    for (size_t line = from; line < std::min(end, lines.size()); ++line) {
      std::string_view trimmed = base::trim(lines[line]);
      size_t mark = trimmed.starts_with('#') ? 0 : trimmed.find(" #");
      if (mark != trimmed.npos) out[i] += fmt::format(" {} ", trimmed.substr(trimmed.find('#', mark) + 1));
    }
  }
  return out;
}

bool says(std::string_view comment, std::string_view word) {
  if (word.size() < 2) return false;
  auto part_of_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; };
  for (size_t at = comment.find(word); at != comment.npos; at = comment.find(word, at + 1)) {
    size_t end = at + word.size();
    if ((at == 0 || !part_of_word(comment[at - 1])) && (end == comment.size() || !part_of_word(comment[end])))
      return true;
  }
  return false;
}

// One index of one operation.
struct Hit {
  const Value* list;
  size_t index;
  std::string of;                    // pointer to the list
  std::vector<std::string> further;  // below the element
};

class Doubts {
 public:
  Doubts(Value object, const Value& operations, const std::vector<std::string>& comments)
      : object_(std::move(object)), operations_(operations), comments_(comments) {}

  std::vector<IndexDoubt> find() {
    for (size_t i = 0; i < operations_.size(); ++i) {
      look_at(i);
      auto after = value::json_patch(object_, Value::array({operations_[i]}));
      if (!after) break;
      object_ = std::move(*after);
    }
    return std::move(out_);
  }

 private:
  void look_at(size_t i) {
    const Value& op = operations_[i];
    std::string_view verb = op["op"].as_string();
    std::string path = op["path"].str();
    std::vector<std::string> tokens = value::pointer_split(path);
    const Value* at = &object_;
    std::string trail;
    for (size_t t = 0; t < tokens.size() && at; ++t) {
      if (at->is_array() && is_index(tokens[t])) {
        size_t index = static_cast<size_t>(*base::parse_int(tokens[t]));
        Hit hit{at, index, trail, {tokens.begin() + static_cast<long>(t) + 1, tokens.end()}};
        judge(i, verb, op, hit);
        at = index < at->size() ? &(*at)[index] : nullptr;
      } else {
        at = at->find(tokens[t]);
      }
      trail += "/" + tokens[t];
    }
  }

  void judge(size_t i, std::string_view verb, const Value& op, const Hit& hit) {
    std::string element = fmt::format("{}/{}", hit.of, hit.index);
    bool whole = hit.further.empty();
    if (verb == "test") {
      tested_[element] = true;
      return;
    }
    bool inserts = verb == "add" && whole;
    if (hit.index < hit.list->size() && !tested_[element] && !inserts) {
      if (by_comment(i, hit) || by_moves(i, hit) || (verb == "replace" && by_likeness(i, op["value"], hit))) {
      }
    }
    if (whole && (verb == "remove" || inserts)) moved_[hit.of].push_back({i, hit.index, verb == "remove"});
  }

  bool doubt(size_t i, std::string message, std::string fix) {
    out_.push_back({i, std::move(message), std::move(fix)});
    return true;
  }

  bool by_comment(size_t i, const Hit& hit) {
    const Value& own = (*hit.list)[hit.index];
    if (comments_[i].empty() || says(comments_[i], label_of(own))) return false;
    for (size_t j = 0; j < hit.list->size(); ++j)
      if (std::string label = label_of((*hit.list)[j]); j != hit.index && says(comments_[i], label))
        return doubt(i,
                     fmt::format("the comment speaks of \"{}\", which is {}/{}; {}/{} is {}", label, hit.of, j, hit.of,
                                 hit.index, shown(own)),
                     fmt::format("write {}/{}, or mend the comment", hit.of, j));
    return false;
  }

  // An operation above took an element away, or put one in, at or before this index.
  bool by_moves(size_t i, const Hit& hit) {
    for (const Move& move : moved_[hit.of])
      if (move.removed && move.index <= hit.index)
        return doubt(i,
                     fmt::format("operation {} of this patch removed {}/{}, so {}/{} is now {}, which was {}/{} before",
                                 move.operation + 1, hit.of, move.index, hit.of, hit.index,
                                 shown((*hit.list)[hit.index]), hit.of, hit.index + 1),
                     "remove from the end of the list first, or say with a `test` operation what the index means");
    return false;
  }

  bool by_likeness(size_t i, const Value& fresh, const Hit& hit) {
    auto below = [&](size_t j) {
      const Value* at = &(*hit.list)[j];
      for (const std::string& token : hit.further) {
        if (!at) return at;
        at = at->is_array() && is_index(token) && static_cast<size_t>(*base::parse_int(token)) < at->size()
                 ? &(*at)[static_cast<size_t>(*base::parse_int(token))]
                 : at->find(token);
      }
      return at;
    };
    const Value* old = below(hit.index);
    if (!old) return false;
    for (size_t j = 0; j < hit.list->size(); ++j) {
      const Value* other = j == hit.index ? nullptr : below(j);
      if (other && *other != fresh && is_more_like(fresh, *other, *old))
        return doubt(i,
                     fmt::format("{}/{} is {}, and {} is put there; {}/{} is {}, which it is much more like", hit.of,
                                 hit.index, shown(*old), shown(fresh), hit.of, j, shown(*other)),
                     fmt::format("write {}/{}, or say with a `test` operation what the index means", hit.of, j));
    }
    return false;
  }

  static bool is_more_like(const Value& fresh, const Value& other, const Value& old) {
    if (fresh.is_object() && other.is_object() && fresh.has("name"))
      return other["name"] == fresh["name"] && !(old["name"] == fresh["name"]);
    if (!fresh.is_string() || !other.is_string() || fresh.as_string().size() < kTellingMin) return false;
    if (!old.is_string()) return true;
    return base::nearest(fresh.as_string(), {other.str()}) && !base::nearest(fresh.as_string(), {old.str()});
  }

  struct Move {
    size_t operation, index;
    bool removed;
  };
  Value object_;
  const Value& operations_;
  const std::vector<std::string>& comments_;
  std::map<std::string, bool> tested_;              // elements that an operation made sure of
  std::map<std::string, std::vector<Move>> moved_;  // by list
  std::vector<IndexDoubt> out_;
};

}  // namespace

IndexDoubts::IndexDoubts(const Value& operations, std::string_view text) : operations_(operations) {
  if (names_index(operations)) comments_ = comments_of(text, operations.size());
}

std::vector<IndexDoubt> IndexDoubts::about(const Value& object) const {
  if (comments_.empty()) return {};
  return Doubts(value::written_meaning(object), operations_, comments_).find();
}

}  // namespace slipway::render::kustomize
