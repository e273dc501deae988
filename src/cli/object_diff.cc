#include "cli/object_diff.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "cli/command.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli {

namespace {

struct Edit {
  char sign;  // ' ', '-', '+'
  std::string_view line;
};

// Longest common subsequence after equal ends are cut; objects have some hundred lines, so a table of at most 4M cells
// does.
std::vector<Edit> edits(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  size_t begin = 0, a_end = a.size(), b_end = b.size();
  while (begin < a_end && begin < b_end && a[begin] == b[begin]) ++begin;
  while (a_end > begin && b_end > begin && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;
  std::vector<Edit> out;
  for (size_t i = 0; i < begin; ++i) out.push_back({' ', a[i]});
  size_t n = a_end - begin, m = b_end - begin;
  if (n * m > 4'000'000) {
    for (size_t i = begin; i < a_end; ++i) out.push_back({'-', a[i]});
    for (size_t j = begin; j < b_end; ++j) out.push_back({'+', b[j]});
  } else {
    std::vector<std::vector<uint32_t>> length(n + 1, std::vector<uint32_t>(m + 1));
    for (size_t i = n; i-- > 0;) {
      for (size_t j = m; j-- > 0;) {
        length[i][j] =
            a[begin + i] == b[begin + j] ? length[i + 1][j + 1] + 1 : std::max(length[i + 1][j], length[i][j + 1]);
      }
    }
    size_t i = 0, j = 0;
    while (i < n || j < m) {
      if (i < n && j < m && a[begin + i] == b[begin + j]) {
        out.push_back({' ', a[begin + i]});
        ++i, ++j;
      } else if (i < n && (j == m || length[i + 1][j] >= length[i][j + 1])) {
        out.push_back({'-', a[begin + i++]});
      } else {
        out.push_back({'+', b[begin + j++]});
      }
    }
  }
  for (size_t i = a_end; i < a.size(); ++i) out.push_back({' ', a[i]});
  return out;
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after) {
  constexpr size_t context = 3;
  if (before == after) return {};
  auto all = edits(base::split_lines(before), base::split_lines(after));
  std::vector<bool> shown(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].sign == ' ') continue;
    for (size_t j = i > context ? i - context : 0; j < std::min(all.size(), i + context + 1); ++j) shown[j] = true;
  }
  std::string out;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!shown[i]) continue;
    if (i > 0 && !shown[i - 1]) out += "  ...\n";
    out += fmt::format("{} {}\n", all[i].sign, all[i].line);
  }
  return out;
}

Value without_secrets(const Value& object, const Value& other) {
  if (object["kind"].as_string() != "Secret") return object;
  Value out = object;
  for (const char* field : {"data", "stringData"}) {
    for (const auto& [key, value] : object[field].members()) {
      bool same = other[field][key.view()] == value;
      out = out.with(fmt::format("/{}/{}", field, value::pointer_escape(key.view())),
                     same ? "(hidden)" : "(hidden, different)");
    }
  }
  // The last-applied annotation repeats the values.
  return out.without("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
}

int print_differences(const gitops::Comparison& comparison, bool json) {
  ArrayBuilder items;
  for (const auto& difference : comparison.differences) {
    Value live = without_secrets(difference.live, difference.target),
          target = without_secrets(difference.target, difference.live);
    if (json) {
      items.push(Value{{"object", difference.key.str()}, {"live", live}, {"target", target}});
      continue;
    }
    std::string_view what = difference.live.is_null()     ? "missing"
                            : difference.target.is_null() ? "not in Git"
                                                          : "different";
    print(fmt::format("=== {} ({})\n", difference.key.str(), what));
    print(unified_diff(live.is_null() ? "" : value::to_yaml(live), target.is_null() ? "" : value::to_yaml(target)));
  }
  if (json)
    print(value::to_json_pretty(Value{{"revision", comparison.commit.sha}, {"differences", items.build()}}) + "\n");
  return comparison.differences.empty() ? 0 : 1;
}

}  // namespace slipway::cli
