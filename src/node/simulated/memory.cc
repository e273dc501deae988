#include "node/simulated/memory.h"

namespace slipway::node::simulated {

namespace {

Value of(const StringMap& map) {
  ObjectBuilder out;
  for (const auto& [key, text] : map) out.set(key, text);
  return out.build();
}

StringMap strings(const Value& value) {
  StringMap out;
  for (const value::Member& member : value.members()) out[member.key.str()] = member.value.str();
  return out;
}

int64_t of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

WallTime time_from(const Value& value) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(value.as_int())));
}

}  // namespace

Value to_value(const Memory& memory) {
  ArrayBuilder images, sandboxes, containers;
  for (const std::string& image : memory.images) images.push(image);
  for (const auto& [id, s] : memory.sandboxes) {
    ArrayBuilder ips;
    for (const std::string& ip : s.ips) ips.push(ip);
    sandboxes.push(Value{{"id", id},
                         {"namespace", s.ns},
                         {"name", s.name},
                         {"uid", s.uid},
                         {"attempt", static_cast<int64_t>(s.attempt)},
                         {"ready", s.ready},
                         {"created", of(s.created)},
                         {"labels", of(s.labels)},
                         {"annotations", of(s.annotations)},
                         {"ips", ips.build()}});
  }
  for (const auto& [id, c] : memory.containers) {
    containers.push(Value{{"id", id},
                          {"sandbox", c.sandbox},
                          {"name", c.name},
                          {"attempt", static_cast<int64_t>(c.attempt)},
                          {"state", static_cast<int64_t>(c.state)},
                          {"created", of(c.created)},
                          {"started", of(c.started)},
                          {"finished", of(c.finished)},
                          {"exitCode", static_cast<int64_t>(c.exit_code)},
                          {"reason", c.reason},
                          {"message", c.message},
                          {"image", c.image},
                          {"imageRef", c.image_ref},
                          {"logPath", c.log_path},
                          {"endsByItself", c.ends_by_itself},
                          {"labels", of(c.labels)},
                          {"annotations", of(c.annotations)}});
  }
  return Value{{"addresses", static_cast<int64_t>(memory.addresses)},
               {"images", images.build()},
               {"sandboxes", sandboxes.build()},
               {"containers", containers.build()}};
}

Memory memory_from(const Value& value) {
  Memory memory;
  memory.addresses = static_cast<int>(value["addresses"].as_int());
  for (const Value& image : value["images"].items()) memory.images.insert(image.str());
  for (const Value& from : value["sandboxes"].items()) {
    SandboxStatus s;
    s.id = from["id"].str();
    s.ns = from["namespace"].str();
    s.name = from["name"].str();
    s.uid = from["uid"].str();
    s.attempt = static_cast<uint32_t>(from["attempt"].as_int());
    s.ready = from["ready"].as_bool();
    s.created = time_from(from["created"]);
    s.labels = strings(from["labels"]);
    s.annotations = strings(from["annotations"]);
    for (const Value& ip : from["ips"].items()) s.ips.push_back(ip.str());
    memory.sandboxes.emplace(s.id, std::move(s));
  }
  for (const Value& from : value["containers"].items()) {
    SimContainer c;
    c.id = from["id"].str();
    c.sandbox = from["sandbox"].str();
    c.name = from["name"].str();
    c.attempt = static_cast<uint32_t>(from["attempt"].as_int());
    c.state = static_cast<ContainerState>(from["state"].as_int());
    c.created = time_from(from["created"]);
    c.started = time_from(from["started"]);
    c.finished = time_from(from["finished"]);
    c.exit_code = static_cast<int>(from["exitCode"].as_int());
    c.reason = from["reason"].str();
    c.message = from["message"].str();
    c.image = from["image"].str();
    c.image_ref = from["imageRef"].str();
    c.log_path = from["logPath"].str();
    c.ends_by_itself = from["endsByItself"].as_bool();
    c.labels = strings(from["labels"]);
    c.annotations = strings(from["annotations"]);
    memory.containers.emplace(c.id, std::move(c));
  }
  return memory;
}

}  // namespace slipway::node::simulated
