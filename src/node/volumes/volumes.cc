#include "node/volumes/volumes.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "kinds/object.h"
#include "runtime/beneath.h"
#include "runtime/tmpfs.h"

namespace slipway::node::volumes {

namespace {

using runtime::FileStat;
using Kind = FileStat::Kind;

struct Preparing {
  World& world;
  const VolumeInputs& in;
  std::vector<std::string> mounts;  // of this pod, before
};

// A file system in memory at `path`, unless it is there already. What an earlier Slipway put on the disk there stays in
// sight of the containers that have it.
Result<> in_memory(Preparing& p, const std::string& path, std::string options) {
  if (std::ranges::find(p.mounts, path) != p.mounts.end()) return {};
  return runtime::mount_tmpfs(path, std::move(options));
}

Result<std::string> empty_dir(Preparing& p, const Value& volume) {
  const Value& source = volume["emptyDir"];
  std::string path = p.in.directory + "/volumes/kubernetes.io~empty-dir/" + volume["name"].str();
  auto& files = p.world.files();
  const Value& fs_group = p.in.values.pod["spec"]["securityContext"]["fsGroup"];
  std::optional<uint32_t> group;
  if (fs_group.is_number()) group = static_cast<uint32_t>(fs_group.as_int());
  uint32_t mode = group ? 02777 : 0777;
  // Mode and owner come with the volume or not at all: later they are the containers' to change.
  if (source["medium"].as_string() == "Memory") {
    OR_RETURN(files.make_directories(path, 0777));
    std::string options = fmt::format("mode={:o}", mode);
    if (group) options += fmt::format(",gid={}", *group);
    auto limit = kinds::Quantity::parse(source["sizeLimit"].as_string());
    if (limit && limit->nano > 0) options += fmt::format(",size={}", limit->value());
    OR_RETURN(in_memory(p, path, std::move(options)));
  } else if (std::string_view medium = source["medium"].as_string(); !medium.empty()) {
    return fail(ErrorKind::unsupported, "emptyDir medium {} is not supported", medium);
  } else if (!files.exists(path)) {
    std::string making = path.substr(0, path.rfind('/')) + "/." + volume["name"].str();  // no volume's name
    OR_RETURN(files.make_directories(making, 0777));
    if (group) OR_RETURN(files.set_owner(making, 0, *group));
    OR_RETURN(files.set_mode(making, mode));  // after the owner, whose change clears bits
    OR_RETURN(files.rename(making, path));
  }
  return path;
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

Result<std::string> prepare_one(Preparing& p, const Value& volume) {
  std::string type = type_of(volume), name = volume["name"].str();
  if (type == "emptyDir") return empty_dir(p, volume);
  if (type == "hostPath") return host_path(p.world, volume);
  std::string plugin = type == "configMap"     ? "configmap"
                       : type == "secret"      ? "secret"
                       : type == "downwardAPI" ? "downward-api"
                       : type == "projected"   ? "projected"
                                               : "";
  if (plugin.empty()) return fail(ErrorKind::unsupported, "volumes of type {} are not supported yet", type);
  std::string path = p.in.directory + "/volumes/kubernetes.io~" + plugin + "/" + name;
  Payload payload = OR_RETURN(payload_of(p.in.values, volume));
  OR_RETURN(p.world.files().make_directories(path, 0755));
  // Secrets and tokens never reach the disk. As with the kubelet, ConfigMaps do.
  bool on_disk_before = p.world.files().read_link(path + "/..data").has_value();
  if (type != "configMap" && !on_disk_before) OR_RETURN(in_memory(p, path, "mode=0755"));
  const Value& group = p.in.values.pod["spec"]["securityContext"]["fsGroup"];
  OR_RETURN(write_payload(p.world, path, payload, group.is_number() ? std::optional(group.as_int()) : std::nullopt));
  return path;
}

// As mount tables write a word: blanks, line ends and backslashes as three octal digits.
std::string unescaped(std::string_view word) {
  auto digit = [&](size_t at) { return at < word.size() && word[at] >= '0' && word[at] <= '7'; };
  std::string out;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((word[i + 1] - '0') * 64 + (word[i + 2] - '0') * 8 + (word[i + 3] - '0'));
      i += 3;
    } else {
      out += word[i];
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> mounts_below(World& world, const std::string& directory) {
  std::vector<std::string> found;
  auto table = world.files().read("/proc/self/mounts");
  if (!table) return found;
  for (std::string_view line : base::split_lines(*table)) {
    auto words = base::split(line, ' ');
    if (words.size() < 2) continue;
    std::string path = unescaped(words[1]);
    if (path.starts_with(directory + "/")) found.push_back(std::move(path));
  }
  std::ranges::sort(found, std::greater<>());
  return found;
}

Prepared prepare(World& world, VolumeInputs in) {
  Prepared prepared;
  auto made = world.files().make_directories(in.directory, 0750);
  if (!made) {
    prepared.errors.push_back(std::move(made).error());
    return prepared;
  }
  Preparing preparing{world, in, mounts_below(world, in.directory)};
  for (const Value& volume : in.values.pod["spec"]["volumes"].items()) {
    std::string type = type_of(volume);
    if (in.update && (type == "emptyDir" || type == "hostPath")) continue;
    auto path = prepare_one(preparing, volume);
    if (path)
      prepared.paths.emplace(volume["name"].str(), std::move(*path));
    else
      prepared.errors.push_back(std::move(path).error().context(set_up_failed(volume)));
  }
  return prepared;
}

std::string set_up_failed(const Value& volume) {
  return fmt::format("MountVolume.SetUp failed for volume \"{}\" ", volume["name"].as_string());
}

Result<> unmount_all(World& world, std::string directory) {
  for (const std::string& mount : mounts_below(world, directory)) OR_RETURN(runtime::unbind(mount));
  return {};
}

Result<> remove_all(World& world, std::string directory) {
  if (!world.files().exists(directory)) return {};
  OR_RETURN(unbind_sub_paths(world, directory));
  OR_RETURN(unmount_all(world, directory));
  return world.files().remove_tree(directory);
}

namespace {

// Whether `data` holds the payload and nothing else.
bool holds(runtime::Files& files, const std::string& data, const Payload& payload, std::optional<int64_t> group) {
  std::set<std::string> expected;
  for (const auto& [path, file] : payload) {
    auto stat = files.stat(data + "/" + path);
    auto bytes = files.read(data + "/" + path);
    bool equal =
        stat && bytes && *bytes == file.bytes && (stat->mode & 0777) == ((file.mode & 0777) | (group ? 0440u : 0u));
    if (!equal) return false;
    expected.insert(path.substr(0, path.find('/')));
  }
  auto names = files.list(data);
  return names && std::set<std::string>(names->begin(), names->end()) == expected;
}

Result<> write_files(runtime::Files& files, const std::string& data, const Payload& payload,
                     std::optional<int64_t> group) {
  OR_RETURN(files.make_directories(data, 0755));
  for (const auto& [path, file] : payload) {
    std::string full = data + "/" + path;
    OR_RETURN(files.make_directories(full.substr(0, full.rfind('/')), 0755));
    uint32_t mode = file.mode | (group ? 0440u : 0u);
    auto opened = OR_RETURN(files.open(full, runtime::OpenMode::create_new, mode));
    OR_RETURN(opened->write_at(0, file.bytes));
    if (group) OR_RETURN(files.set_owner(full, 0, static_cast<uint32_t>(*group)));
    OR_RETURN(files.set_mode(full, mode));  // whatever the umask was
  }
  return {};
}

// Links for all that ..data has, and nothing else beside it. Also where the payload was there before: whoever made
// ..data may have come no further.
Result<> show(runtime::Files& files, const std::string& directory, const std::string& data, const Payload& payload) {
  std::set<std::string> visible;
  for (const auto& [path, file] : payload) visible.insert(path.substr(0, path.find('/')));
  for (const std::string& name : visible)
    if (!files.exists(directory + "/" + name)) OR_RETURN(files.symlink("..data/" + name, directory + "/" + name));
  for (const std::string& name : OR_RETURN(files.list(directory))) {
    bool old_data = name.starts_with("..") && name != "..data" && name != data;
    bool gone = !name.starts_with("..") && !visible.contains(name);
    if (old_data || gone) OR_RETURN(files.remove_tree(directory + "/" + name));
  }
  return {};
}

}  // namespace

Result<> write_payload(World& world, std::string directory, const Payload& payload, std::optional<int64_t> group) {
  auto& files = world.files();
  auto current = files.read_link(directory + "/..data");
  if (current && holds(files, directory + "/" + *current, payload, group))
    return show(files, directory, *current, payload);

  std::string stamp = base::format_rfc3339_nano(world.now());
  std::string fresh = "..";
  for (char c : stamp) fresh += c == '-' || c == ':' || c == 'T' || c == 'Z' ? '_' : c;
  fresh += std::to_string(world.random().below(1'000'000'000));
  auto written = write_files(files, directory + "/" + fresh, payload, group);
  if (!written) {
    (void)files.remove_tree(directory + "/" + fresh);  // it is tried again, under another name
    return written;
  }
  (void)files.remove(directory + "/..data_tmp");
  OR_RETURN(files.symlink(fresh, directory + "/..data_tmp"));
  OR_RETURN(files.rename(directory + "/..data_tmp", directory + "/..data"));
  return show(files, directory, fresh, payload);
}

}  // namespace slipway::node::volumes
