#include "render/helm/set.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "render/helm/application.h"

using namespace slipway;
using namespace slipway::render;
using namespace slipway::render::helm;

TEST_CASE("words of --set fill and change no more than they may") {
  std::string nested;
  for (char c = 'a'; c <= 'z'; ++c) nested += fmt::format("{}[65536].", c);
  Value values = Value::object();
  SetBudget budget;
  int done = 0;
  for (; done < 1000; ++done)
    if (auto set = set_typed(values, nested + "z=v", Compat::helm3, nullptr, &budget); !set) {
      CHECK(set.failed_with(ErrorKind::too_large));
      break;
    }
  CHECK(done > 20);
  CHECK(done < 200);
  SetBudget of_lists;
  Value lists = Value::object();
  for (done = 0; done < 1000; ++done)
    if (!set_typed(lists, fmt::format("l{}[65536]=v", done), Compat::helm3, nullptr, &of_lists)) break;
  CHECK(done > 60);
  CHECK(done < 70);
  CHECK(lists.memory_bytes() < 80u << 20);
  SetBudget of_names;
  Value names = Value::object();
  for (done = 0; done < 8000; ++done)
    if (!set_typed(names, fmt::format("key{}=v", done), Compat::helm3, nullptr, &of_names)) break;
  CHECK(done == 8000);
}

TEST_CASE("values files that are named again are read once, and all of them have a bound") {
  auto tree_of = [](size_t bytes, int files) {
    std::map<std::string, sources::FileEntry> entries;
    auto text = std::make_shared<const std::string>("a: " + std::string(bytes, 'x') + "\n");
    for (int i = 0; i < files; ++i)
      entries[fmt::format("v{}.yaml", i)] = {sources::FileEntry::Kind::file, text, text->size()};
    return std::make_shared<const sources::Tree>(std::move(entries));
  };
  std::vector<Value> names;
  for (int i = 0; i < 100; ++i) names.emplace_back("v0.yaml");
  RenderRequest request;
  request.tree = tree_of(1 << 20, 1);
  request.helm = Value{{"valueFiles", Value::array(names)}};
  auto again = values_of_source(request, "");
  REQUIRE_MESSAGE(again, again.error().str());
  CHECK(again->layers.size() == 100);
  CHECK(again->layers.front().values.same_node(again->layers.back().values));
  names.clear();
  for (int i = 0; i < 40; ++i) names.emplace_back(fmt::format("v{}.yaml", i));
  request.tree = tree_of(1 << 20, 40);
  request.helm = Value{{"valueFiles", Value::array(names)}};
  auto many = values_of_source(request, "");
  REQUIRE(!many);
  CHECK(many.error().str() == "valueFiles: v31.yaml: the values files have more than 32 MiB together");
}
