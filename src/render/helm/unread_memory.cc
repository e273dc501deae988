#include "render/helm/unread_memory.h"

#include "runtime/digest.h"
#include "value/json.h"

namespace slipway::render::helm {

namespace {

void add(std::string& out, std::string_view name, std::string_view text) {
  out += runtime::sha256(name);
  out += runtime::sha256(text);
}

// What lies in charts/ is read from there, or from elsewhere: it comes with the chart that it became.
void add(std::string& out, const Chart& chart) {
  add(out, chart.name(), std::to_string(chart.dependencies.size()));
  for (const ChartFile& file : chart.raw)
    if (!file.name.starts_with("charts/")) add(out, file.name, *file.data);
  for (const auto& child : chart.dependencies) add(out, *child);
}

}  // namespace

std::vector<Unread> UnreadMemory::find(const Chart& chart, const std::vector<Layer>& layers,
                                       const std::function<std::vector<Unread>()>& search) {
  std::string parts;
  add(parts, chart);
  for (const Layer& layer : layers) {
    add(parts, layer.name, layer.file);
    parts += runtime::sha256(value::to_json(layer.values));
  }
  std::string key = runtime::sha256(parts);
  {
    std::lock_guard lock(mutex_);
    if (auto there = known_.find(key); there != known_.end()) return there->second;
  }
  std::vector<Unread> found = search();
  std::lock_guard lock(mutex_);
  if (known_.emplace(key, found).second) order_.push_back(std::move(key));
  if (order_.size() > kKept) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return found;
}

}  // namespace slipway::render::helm
