#include "sources/object_text.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace slipway;
using namespace slipway::sources;

namespace {

const std::string id_a(40, 'a'), id_b(40, 'b'), id_c(40, 'c');

std::string entry(std::string_view mode, std::string_view type, std::string_view size, std::string_view path) {
  return fmt::format("{} {} {} {:>7}\t{}", mode, type, id_a, size, path) + '\0';
}
std::string ls_tree(std::string_view text) {
  auto lines = parse_ls_tree(text, 3);
  if (!lines) return lines.error().str();
  std::string out;
  for (const auto& line : *lines)
    out += fmt::format("{} {} {}{};", static_cast<int>(line.kind), line.path, line.size, line.absent ? " absent" : "");
  return out;
}

}  // namespace

TEST_CASE("ls-tree") {
  CHECK(ls_tree(entry("100644", "blob", "6", "a/b c\n.txt")) == "0 a/b c\n.txt 6;");
  CHECK(ls_tree(entry("100755", "blob", "6", "x") + entry("120000", "blob", "3", "l")) == "1 x 6;2 l 3;");
  CHECK(ls_tree(entry("160000", "commit", "-", "sub")) == "3 sub 0;");
  CHECK(ls_tree(entry("100644", "blob", "BAD", "gone")) == "0 gone 0 absent;");
  CHECK(ls_tree(entry("100644", "blob", "6", "../etc/x")) ==
        "the tree holds an entry that no tree may hold: \"../etc/x\"");
  CHECK(ls_tree(entry("100644", "blob", "6", "/etc/x")).starts_with("the tree holds"));
  CHECK(ls_tree(entry("100644", "blob", "6", "")).starts_with("the tree holds"));
  CHECK(ls_tree(std::string("garbage") + '\0').starts_with("git ls-tree: not an entry"));
  std::string e = entry("100644", "blob", "6", "a");
  CHECK(ls_tree(e + e.substr(0, e.size() - 1)) == "git ls-tree: the answer is cut short");
  // of git's answer, not of the commit: it is asked again
  CHECK(parse_ls_tree("garbage", 3).failed_with(ErrorKind::unavailable));
  CHECK(ls_tree(e + e + e + e) == "more than 3 files");
}

TEST_CASE("cat-file --batch") {
  std::string text = id_a + " blob 6\nab\ncd\n\nX missing\n" + id_b + " commit 0\n\nabcd ambiguous\n";
  auto objects = *parse_batch(text, 4);  // points into it
  REQUIRE(objects.size() == 4);
  CHECK(objects[0].content == "ab\ncd\n");
  CHECK(objects[1].type == "");
  CHECK(objects[2].type == "commit");
  CHECK(objects[3].ambiguous);
  CHECK(parse_batch(id_a + " blob 60\nab\n", 1).failed_with(ErrorKind::unavailable));
  CHECK(parse_batch(id_a + " blob 2\nab", 1).failed_with(ErrorKind::unavailable));
  CHECK(parse_batch("", 1).failed_with(ErrorKind::unavailable));
  CHECK(parse_batch(id_a + " blob 2\nab\n", 2).failed_with(ErrorKind::unavailable));
}

TEST_CASE("a commit's words") {
  Commit commit;
  describe_commit(
      "tree x\nparent y\nauthor A U Thor <a@b> 1700000000 +0100\ncommitter C <c> 1 +0000\n\nSubject\n\nBody\n", commit);
  CHECK(commit.author == "A U Thor <a@b>");
  CHECK(commit.date == "2023-11-14T22:13:20Z");
  CHECK(commit.subject == "Subject");
  Commit far;  // no date is better than a wrong one
  describe_commit("author A <a> 253402300800 +0100\n\nIn 10000\n", far);
  CHECK(far.date == "");
  describe_commit("author A <a> 17000000120 +0100\n\nIn 2508\n", far);
  CHECK(far.date == "2508-09-16T06:15:20Z");
  describe_commit("author A <a> 9223372036 +0100\n\nIn 2262\n", far);
  CHECK(far.date == "2262-04-11T23:47:16Z");
}

TEST_CASE("revisions") {
  std::string text = fmt::format(
      "{}\tHEAD\n{}\trefs/heads/main\n{}\trefs/heads/v1\n{}\trefs/tags/v1\n{}\trefs/tags/v2\n{}\trefs/tags/v2^{{}}\n",
      id_a, id_a, id_b, id_c, id_b, id_c);
  auto refs = parse_ls_remote(text);
  CHECK(find_revision(refs, "HEAD") == id_a);
  CHECK(find_revision(refs, "main") == id_a);
  CHECK(find_revision(refs, "v1") == id_b);  // the branch before the tag
  CHECK(find_revision(refs, "v2") == id_c);  // peeled
  CHECK(find_revision(refs, "refs/tags/v1") == id_c);
  CHECK(find_revision(refs, "nope") == "");
  CHECK(unresolved(refs, "mian").str() == "unable to resolve 'mian' to a commit SHA; did you mean \"main\"?");
  CHECK(unresolved(refs, "refs/heads/mian").str() ==
        "unable to resolve 'refs/heads/mian' to a commit SHA; did you mean \"main\"?");
  CHECK(unresolved({}, "main").str() == "the repository has no commits");
  CHECK(check_revision("feature/x-1.2").has_value());
  for (std::string_view bad : {"a..b", "a~1", "a^", ":/x", "--upload-pack=x", "@{1}", "a b", "1.*"})
    CHECK_MESSAGE(check_revision(bad).failed_with(ErrorKind::bad_request), bad);
}

TEST_CASE("a range of versions means the newest tag in it; a version means itself") {
  std::string text;
  for (std::string_view name :
       {"heads/v1.9.0", "tags/v1.2.0", "tags/v1.10.1", "tags/v2.0.0", "tags/v2.1.0-rc.1", "tags/x"})
    text += fmt::format("{}\trefs/{}\n", id_a, name);
  auto refs = parse_ls_remote(text);
  auto newest = [&](std::string_view range) { return is_tag_range(range) ? newest_tag(refs, range) : "no range"; };
  CHECK(newest("v1.*") == "v1.10.1");
  CHECK(newest("^1.2") == "v1.10.1");
  CHECK(newest(">= 1.0, < 1.5") == "v1.2.0");
  CHECK(newest("*") == "v2.0.0");
  CHECK(newest(">= 2.1.0-0") == "v2.1.0-rc.1");
  CHECK(newest("3.x") == "");
  for (std::string_view pin : {"v1.2.0", "v1", "1.2", "main", "HEAD", "feature/x", "refs/tags/v1.2.0", "-x", ""})
    CHECK_MESSAGE(newest(pin) == "no range", pin);
  CHECK(unresolved(refs, "3.x").str() ==
        "unable to resolve '3.x' to a commit SHA; no tag is in that range, the newest version is \"v2.1.0-rc.1\"");
}

TEST_CASE("why a revision comes to nothing") {
  std::string refs = fmt::format("{}\trefs/heads/main\tHEAD\n{}\trefs/heads/next\n", id_a, id_b);
  std::string lost = ", which the repository does not hold, or which is no commit";
  CHECK(why_unresolved(refs, "", {"HEAD"}, "HEAD").str() ==
        fmt::format("unable to resolve 'HEAD' to a commit SHA; refs/heads/main is {}{}", id_a, lost));
  CHECK(why_unresolved(refs, "", {"refs/heads/next", "refs/tags/next", "refs/next"}, "next").str() ==
        fmt::format("unable to resolve 'next' to a commit SHA; refs/heads/next is {}{}", id_b, lost));
  std::string unborn = fmt::format("{}\trefs/heads/next\n", id_b);
  CHECK(why_unresolved(unborn, "", {"HEAD"}, "HEAD").str() ==
        "unable to resolve 'HEAD' to a commit SHA; HEAD is on a branch without commits, there is \"next\"");
  std::string_view broken = "warning: ignoring broken ref refs/heads/main\n";
  std::string_view says = "unable to resolve 'HEAD' to a commit SHA; the reference refs/heads/main is broken";
  CHECK(why_unresolved("", broken, {"HEAD"}, "HEAD").str() == says);
  CHECK(why_unresolved(unborn, broken, {"HEAD"}, "HEAD").str() == says);
  CHECK(why_unresolved(unborn, broken, {"refs/heads/nxt"}, "nxt").str() ==
        "unable to resolve 'nxt' to a commit SHA; did you mean \"next\"?");
  CHECK(why_unresolved("", "", {"HEAD"}, "HEAD").str() == "the repository has no commits");
  CHECK(why_unresolved(fmt::format("{}{}\tHEAD\n", unborn, id_a), "", {"HEAD"}, "HEAD").str() ==
        fmt::format("unable to resolve 'HEAD' to a commit SHA; HEAD is {}{}", id_a, lost));
}
