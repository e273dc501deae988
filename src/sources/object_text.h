// What `git` prints, read: commits, trees, blobs and refs. Pure; every byte may come from a hostile repository.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sources/repositories.h"

namespace slipway::sources {

struct TreeLine {
  FileEntry::Kind kind = FileEntry::Kind::file;
  std::string_view id;  // of the blob; into the text that was parsed
  uint64_t size = 0;
  bool absent = false;  // a partial clone does not hold it
  std::string path;
};
// Output of `ls-tree -r -z -l --full-tree`. Errors: bad_request (an entry that no tree may hold, such as ".."),
// too_large (more than files_max).
Result<std::vector<TreeLine>> parse_ls_tree(std::string_view text, size_t files_max);

struct BatchObject {
  std::string_view id, type, content;  // type is empty when git does not have it, or the name is ambiguous
  bool ambiguous = false;
};
// Output of `cat-file --batch`: one object per line that was asked. Error: bad_request when it is cut short.
Result<std::vector<BatchObject>> parse_batch(std::string_view text);

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

// Branch, tag, "HEAD" or full name among the refs, in Argo CD's order; empty id when none fits.
std::string find_revision(const std::vector<Ref>& refs, std::string_view revision);
std::vector<std::string> branch_names(const std::vector<Ref>& refs);  // branches and tags, for "did you mean"

}  // namespace slipway::sources
