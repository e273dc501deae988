// Folders that cannot be taken whole are opened: what lies in them is judged one by one, their own files as one piece.
// Each tree is opened once, wherever else it is named: trees that name one another 10^12 times are a dozen. Then the
// pieces are taken, the smallest first, until the limits are met. Dropped: to take them in the order of their names,
// where a large folder that comes early leaves nothing for the small ones behind it.
#include "sources/outline.h"

#include <algorithm>
#include <deque>
#include <unordered_set>

#include "base/text.h"

namespace slipway::sources {
namespace {

constexpr uint64_t kDirectoriesPerFile = 10;  // Git makes none without a file
constexpr size_t kPathMax = 4096;             // longer ones exist on no disk
constexpr size_t kPathBytesPerFile = 512;

bool may_be_named(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
}

struct Place {
  std::string path;
  std::string_view id;
};
struct Piece {
  Place at;
  Unfolded sum;
  bool is_own = false;  // the files that lie in the folder itself, none below
};

class Outliner {
 public:
  Outliner(const Trees& trees, std::string_view root, const SourceLimits& limits)
      : limits_(limits), directories_max_(limits.files_max * kDirectoriesPerFile), id_bytes_(root.size() / 2) {
    for (auto& [id, sum] : unfold(trees, root)) trees_[id].sum = sum;
    for (const BatchObject& tree : trees.read)
      if (auto known = trees_.find(base::to_lower(tree.id)); known != trees_.end())
        known->second.content = tree.content;
  }

  Result<std::optional<Outline>> run(std::string_view root, std::string_view path) {
    auto first = trees_.find(std::string(root));
    if (first == trees_.end() || fits(first->second.sum, {})) return std::nullopt;
    too_large_.push_back({std::string(path), first->first});
    while (!too_large_.empty()) {
      Place at = std::move(too_large_.front());
      too_large_.pop_front();
      open(std::move(at));
    }
    std::ranges::stable_sort(
        pieces_, {}, [](const Piece& piece) { return piece.sum.files + piece.sum.directories / kDirectoriesPerFile; });
    for (Piece& piece : pieces_) {
      if (fits(piece.sum, taken_)) {
        OR_RETURN(take(std::move(piece.at), piece.is_own));
      } else {
        leave_out(piece.at);
      }
    }
    std::ranges::sort(out_.lines, {}, &TreeLine::path);
    return std::move(out_);
  }

 private:
  struct Known {
    std::string_view content;
    Unfolded sum;
    bool opened = false;
  };

  bool fits(const Unfolded& sum, const Unfolded& taken) const {
    return sum.files <= limits_.files_max - taken.files && sum.directories <= directories_max_ - taken.directories;
  }

  void open(Place at) {
    Known& tree = trees_.find(std::string(at.id))->second;
    Unfolded own;
    size_t inner = 0;
    for (std::string_view rest = tree.content; auto entry = next_entry(rest, id_bytes_);)
      ++(entry->is_tree() ? inner : own.files);
    bool may =
        !tree.opened && tree.content.data() && at.path.size() <= kPathMax && opened_ + inner <= limits_.files_max;
    if (!may) return leave_out(at);
    tree.opened = true;
    opened_ += inner;
    for (std::string_view rest = tree.content; auto entry = next_entry(rest, id_bytes_);) {
      if (!entry->is_tree()) continue;
      auto below = trees_.find(base::hex_encode(entry->raw_id));
      if (below == trees_.end() || below->second.sum.files == 0) continue;
      Place place{joined(at.path, entry->name), below->first};
      if (fits(below->second.sum, {})) {
        pieces_.push_back({std::move(place), below->second.sum});
      } else {
        too_large_.push_back(std::move(place));
      }
    }
    out_.left_out.emplace(at.path, LeftOut{why(at), true});
    pieces_.push_back({std::move(at), own, true});
  }

  Result<> take(Place first, bool is_own) {
    std::vector<Place> ahead{std::move(first)};
    while (!ahead.empty()) {
      Place at = std::move(ahead.back());
      ahead.pop_back();
      if (at.path.size() > kPathMax || path_bytes_ > limits_.files_max * kPathBytesPerFile) {
        leave_out(at);
        continue;
      }
      for (std::string_view rest = trees_.find(std::string(at.id))->second.content;
           auto entry = next_entry(rest, id_bytes_);) {
        if (!may_be_named(entry->name))
          return fail(ErrorKind::bad_request, "the tree holds an entry that no tree may hold: \"{}\"",
                      joined(at.path, entry->name));
        std::string id = base::hex_encode(entry->raw_id);
        if (entry->is_tree()) {
          auto below = is_own ? trees_.end() : trees_.find(id);
          if (below == trees_.end() || below->second.sum.files == 0) continue;
          ++taken_.directories;
          ahead.push_back({joined(at.path, entry->name), below->first});
          continue;
        }
        ++taken_.files;
        std::string path = joined(at.path, entry->name);
        path_bytes_ += path.size();
        out_.lines.push_back({.kind = kind_of_mode(entry->mode), .id = std::move(id), .path = std::move(path)});
      }
    }
    return {};
  }

  void leave_out(const Place& at) { out_.left_out.insert_or_assign(at.path, LeftOut{why(at), false}); }

  Error why(const Place& at) const {
    const Unfolded& sum = trees_.find(std::string(at.id))->second.sum;
    std::string folder = at.path.empty() ? "the repository" : fmt::format("the folder \"{}\"", at.path);
    auto holds = [](uint64_t count) {
      return count == Unfolded::most ? "" : fmt::format(": unfolded, its trees hold {}", count);
    };
    if (sum.files > limits_.files_max)
      return fail(ErrorKind::too_large, "{} holds more than {} files{}", folder, limits_.files_max, holds(sum.files));
    if (sum.directories > directories_max_)
      return fail(ErrorKind::too_large, "{} holds more than {} directories{}", folder, directories_max_,
                  holds(sum.directories));
    return fail(ErrorKind::too_large,
                "{} ({} files) was left out: the commit holds more than {} files, and its smallest folders are read",
                folder, sum.files, limits_.files_max);
  }

  static std::string joined(const std::string& folder, std::string_view name) {
    if (folder.empty()) return std::string(name);
    std::string path;
    path.reserve(folder.size() + 1 + name.size());
    return path.append(folder).append(1, '/').append(name);
  }

  const SourceLimits& limits_;
  const uint64_t directories_max_;
  const size_t id_bytes_;
  std::unordered_map<std::string, Known> trees_;
  std::deque<Place> too_large_;
  std::vector<Piece> pieces_;
  size_t opened_ = 0;  // folders in those that were
  Unfolded taken_;
  size_t path_bytes_ = 0;
  Outline out_;
};

}  // namespace

Result<std::optional<Outline>> outline(const Trees& trees, std::string_view root, std::string_view path,
                                       const SourceLimits& limits) {
  return Outliner(trees, root, limits).run(root, path);
}

}  // namespace slipway::sources
