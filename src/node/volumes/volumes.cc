#include "node/volumes/volumes.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "kinds/object.h"

namespace slipway::node::volumes {

namespace {

using runtime::FileStat;
using Kind = FileStat::Kind;

Task<Result<>> run_quietly(World& world, std::vector<std::string> argv) {
  runtime::Command command;
  command.argv = std::move(argv);
  std::string name = command.argv[0];
  auto done = OR_CO_RETURN(co_await world.processes().run(std::move(command)));
  if (!done.status.ok()) co_return fail(ErrorKind::io, "{}: {}", name, base::trim(done.err));
  co_return Result<>();
}

Task<Result<std::string>> empty_dir(World& world, const VolumeInputs& in, const Value& volume) {
  const Value& source = volume["emptyDir"];
  std::string path = in.directory + "/volumes/kubernetes.io~empty-dir/" + volume["name"].str();
  auto& files = world.files();
  bool fresh = !files.exists(path);
  OR_CO_RETURN(files.make_directories(path, 0777));
  if (source["medium"].as_string() == "Memory") {
    bool mounted = false;
    for (const std::string& at : mounts_below(world, in.directory)) mounted = mounted || at == path;
    if (!mounted) {
      std::string options = "mode=1777";
      auto limit = kinds::Quantity::parse(source["sizeLimit"].as_string());
      if (limit && limit->nano > 0) options += fmt::format(",size={}", limit->value());
      OR_CO_RETURN(co_await run_quietly(world, {"mount", "-t", "tmpfs", "-o", options, "tmpfs", path}));
    }
  } else if (std::string_view medium = source["medium"].as_string(); !medium.empty()) {
    co_return fail(ErrorKind::unsupported, "emptyDir medium {} is not supported", medium);
  }
  if (fresh) OR_CO_RETURN(files.set_mode(path, 0777));
  const Value& group = in.values.pod["spec"]["securityContext"]["fsGroup"];
  if (fresh && group.is_number()) {
    OR_CO_RETURN(files.set_owner(path, 0, static_cast<uint32_t>(group.as_int())));
    OR_CO_RETURN(files.set_mode(path, 02777));
  }
  co_return path;
}

Result<std::string> host_path(World& world, const Value& volume) {
  std::string path = volume["hostPath"]["path"].str();
  std::string_view type = volume["hostPath"]["type"].as_string();
  auto& files = world.files();
  auto stat = files.stat(path);
  if (stat && stat->kind == Kind::symlink) {  // what it points to counts; a trailing /. follows the link
    auto behind = files.stat(path + "/.");
    if (behind)
      stat = behind;
    else
      stat->kind = Kind::file;
  }
  auto not_a = [&](const char* what) {
    return fail(ErrorKind::invalid, "hostPath type check failed: {} is not a {}", path, what);
  };
  if (type == "DirectoryOrCreate") {
    if (!stat) OR_RETURN(files.make_directories(path, 0755));
    if (stat && stat->kind != Kind::directory) return not_a("directory");
  } else if (type == "FileOrCreate") {
    if (!stat) OR_RETURN(files.open(path, runtime::OpenMode::create, 0644));
    if (stat && stat->kind == Kind::directory) return not_a("file");
  } else if (type == "Directory") {
    if (!stat || stat->kind != Kind::directory) return not_a("directory");
  } else if (type == "File") {
    if (!stat || stat->kind != Kind::file) return not_a("file");
  } else if (type == "Socket" || type == "CharDevice" || type == "BlockDevice") {
    if (!stat || stat->kind != Kind::other)
      return not_a(type == "Socket" ? "socket file" : type == "CharDevice" ? "character device" : "block device");
  } else if (!type.empty()) {
    return fail(ErrorKind::invalid, "hostPath type {} is unknown", type);
  }
  return path;
}

std::string type_of(const Value& volume) {
  for (const value::Member& m : volume.members())
    if (m.key.view() != "name") return m.key.str();
  return "emptyDir";  // a volume that names no source
}

Task<Result<std::string>> prepare_one(World& world, const VolumeInputs& in, const Value& volume) {
  std::string type = type_of(volume), name = volume["name"].str();
  if (type == "emptyDir") co_return co_await empty_dir(world, in, volume);
  if (type == "hostPath") co_return host_path(world, volume);
  std::string plugin = type == "configMap"     ? "configmap"
                       : type == "secret"      ? "secret"
                       : type == "downwardAPI" ? "downward-api"
                       : type == "projected"   ? "projected"
                                               : "";
  if (plugin.empty()) co_return fail(ErrorKind::unsupported, "volumes of type {} are not supported yet", type);
  std::string path = in.directory + "/volumes/kubernetes.io~" + plugin + "/" + name;
  Payload payload = OR_CO_RETURN(payload_of(in.values, volume));
  OR_CO_RETURN(world.files().make_directories(path, 0755));
  const Value& group = in.values.pod["spec"]["securityContext"]["fsGroup"];
  OR_CO_RETURN(write_payload(world, path, payload, group.is_number() ? std::optional(group.as_int()) : std::nullopt));
  co_return path;
}

}  // namespace

std::vector<std::string> mounts_below(World& world, const std::string& directory) {
  std::vector<std::string> found;
  auto table = world.files().read("/proc/self/mounts");
  if (!table) return found;
  for (std::string_view line : base::split_lines(*table)) {
    auto words = base::split(line, ' ');
    if (words.size() > 1 && words[1].starts_with(directory + "/"))
      found.push_back(base::replace_all(std::string(words[1]), "\\040", " "));
  }
  std::ranges::sort(found, std::greater<>());
  return found;
}

Task<Result<std::map<std::string, std::string>>> prepare(World& world, VolumeInputs in) {
  std::map<std::string, std::string> paths;
  OR_CO_RETURN(world.files().make_directories(in.directory, 0750));
  for (const Value& volume : in.values.pod["spec"]["volumes"].items()) {
    auto path = co_await prepare_one(world, in, volume);
    if (!path)
      co_return std::move(path).error().context(
          fmt::format("MountVolume.SetUp failed for volume \"{}\" ", volume["name"].as_string()));
    paths.emplace(volume["name"].str(), std::move(*path));
  }
  co_return paths;
}

Task<Result<>> remove_all(World& world, std::string directory) {
  if (!world.files().exists(directory)) co_return Result<>();
  OR_CO_RETURN(unbind_sub_paths(world, directory));
  for (const std::string& mount : mounts_below(world, directory))
    OR_CO_RETURN(co_await run_quietly(world, {"umount", mount}));
  co_return world.files().remove_tree(directory);
}

Result<> write_payload(World& world, std::string directory, const Payload& payload, std::optional<int64_t> group) {
  auto& files = world.files();
  auto current = files.read_link(directory + "/..data");
  if (current) {  // equal to what stands there?
    bool equal = true;
    std::set<std::string> expected;
    for (const auto& [path, file] : payload) {
      std::string at = directory + "/" + *current + "/" + path;
      auto stat = files.stat(at);
      auto bytes = files.read(at);
      equal = equal && stat && bytes && *bytes == file.bytes &&
              (stat->mode & 0777) == ((file.mode & 0777) | (group ? 0440u : 0u));
      expected.insert(path.substr(0, path.find('/')));
    }
    auto names = files.list(directory + "/" + *current);
    equal = equal && names && std::set<std::string>(names->begin(), names->end()) == expected;
    if (equal) return {};
  }

  std::string stamp = base::format_rfc3339_nano(world.now());
  std::string fresh = "..";
  for (char c : stamp) fresh += c == '-' || c == ':' || c == 'T' || c == 'Z' ? '_' : c;
  fresh += std::to_string(world.random().below(1'000'000'000));
  OR_RETURN(files.make_directories(directory + "/" + fresh, 0755));
  std::set<std::string> visible;
  for (const auto& [path, file] : payload) {
    std::string full = directory + "/" + fresh + "/" + path;
    if (size_t slash = path.rfind('/'); slash != std::string::npos)
      OR_RETURN(files.make_directories(full.substr(0, full.rfind('/')), 0755));
    uint32_t mode = file.mode | (group ? 0440u : 0u);
    auto opened = OR_RETURN(files.open(full, runtime::OpenMode::create_new, mode));
    OR_RETURN(opened->write_at(0, file.bytes));
    if (group) OR_RETURN(files.set_owner(full, 0, static_cast<uint32_t>(*group)));
    OR_RETURN(files.set_mode(full, mode));  // whatever the umask was
    visible.insert(path.substr(0, path.find('/')));
  }
  (void)files.remove(directory + "/..data_tmp");
  OR_RETURN(files.symlink(fresh, directory + "/..data_tmp"));
  OR_RETURN(files.rename(directory + "/..data_tmp", directory + "/..data"));
  for (const std::string& name : visible)
    if (!files.exists(directory + "/" + name)) OR_RETURN(files.symlink("..data/" + name, directory + "/" + name));
  for (const std::string& name : OR_RETURN(files.list(directory))) {
    bool old_data = name.starts_with("..") && name != "..data" && name != fresh;
    bool gone = !name.starts_with("..") && !visible.contains(name);
    if (old_data || gone) OR_RETURN(files.remove_tree(directory + "/" + name));
  }
  return {};
}

}  // namespace slipway::node::volumes
