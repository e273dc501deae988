// What `git` prints, read: commits, trees, blobs and refs. Pure; every byte may come from a hostile repository.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sources/repositories.h"

namespace slipway::sources {

struct TreeLine {
  FileEntry::Kind kind = FileEntry::Kind::file;
  std::string id;  // of the blob
  uint64_t size = 0;
  bool absent = false;  // a partial clone does not hold it
  std::string path;
};
// Output of `ls-tree -r -z -l --full-tree`. Errors: bad_request (an entry that no tree may hold, such as ".."),
// too_large (more than files_max), unavailable (cut short).
Result<std::vector<TreeLine>> parse_ls_tree(std::string_view text, size_t files_max);

struct BatchObject {
  std::string_view id, type, content;  // type is empty when git does not have it, or the name is ambiguous
  bool ambiguous = false;
};
// Output of `cat-file --batch`, which was asked for `asked` objects. Error: unavailable when it is cut short.
Result<std::vector<BatchObject>> parse_batch(std::string_view text, size_t asked);
// Of an entry that is no tree: "100755" is an executable.
FileEntry::Kind kind_of_mode(std::string_view mode);
struct ObjectSize {
  std::string_view id, type;  // type is empty when git does not have it
  uint64_t size = 0;
};
// Output of `cat-file --batch-check`; as above.
Result<std::vector<ObjectSize>> parse_sizes(std::string_view text, size_t asked);

// Fills author ("Name <mail>"), date (RFC 3339, UTC) and subject from a commit object's text.
void describe_commit(std::string_view content, Commit& commit);

struct Ref {
  std::string_view name, id;
  std::string_view peeled;  // what an annotated tag points to; else empty
};
std::vector<Ref> parse_ls_remote(std::string_view text);  // malformed lines are left out

// Can this be a revision at all? Error: bad_request. Refused are expressions ("a~1", "a:b", "@{1}") and options.
Result<> check_revision(std::string_view revision);
bool is_object_id(std::string_view text);  // 40 or 64 lower or upper hex digits
bool is_id_prefix(std::string_view text);  // at least 4 hex digits, not more than an id

// A range of versions, which Argo CD looks up among the tags: "v1.*", "^1.2", ">= 1.0, < 2"; a version is none.
bool is_tag_range(std::string_view revision);
std::string newest_tag(const std::vector<Ref>& refs, std::string_view range);  // of those in it; empty when none is

// Branch, tag, "HEAD" or full name among the refs; a branch before a tag of its name. Empty id when none fits.
std::string find_revision(const std::vector<Ref>& refs, std::string_view revision);
// Why no commit came of `revision`, which may have meant `names`: the nearest branch or tag, or that the commit itself
// is not there. `refs` are lines of id, name and, for the one that HEAD means, "HEAD"; `said` is what git told of them.
Error why_unresolved(std::string_view refs, std::string_view said, const std::vector<std::string>& names,
                     std::string_view revision);
std::string unresolved_words(std::string_view revision);  // of all who say that there is none
Error unresolved(const std::vector<Ref>& refs, std::string_view revision);

}  // namespace slipway::sources
