// fuzz_replay CORPUS [TARGET [FILE...]]: runs each target over CORPUS/TARGET/* and over copies that are cut, bent and
// spliced, always the same ones. A target without inputs is a failure. With FILEs: that target over these alone.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "fuzz/targets.h"

namespace {

constexpr int copies_each = 150;
constexpr size_t bent_bytes_max = 64 << 10;  // a larger input is replayed as it is: bending it says little for its time

std::string now_running;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The input that killed a target is kept where the crash is seen.
extern "C" void keep_input(int number) {
  const char* path = "fuzz_replay.crash";
  if (FILE* file = std::fopen(path, "wb")) {
    std::fwrite(now_running.data(), 1, now_running.size(), file);
    std::fclose(file);
  }
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void run(const FuzzTarget& target, const std::string& input) {
  now_running = input;
  std::string exact(input);  // of its own, so that reading past its end is seen
  exact.shrink_to_fit();
  target.run(reinterpret_cast<const uint8_t*>(exact.data()), exact.size());
}

std::string bend(std::string text, const std::string& other, std::mt19937& chance) {
  auto below = [&](size_t n) { return n ? chance() % n : 0; };
  for (size_t times = 1 + below(4); times > 0; --times) {
    size_t at = below(text.size() + 1);
    switch (below(7)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(chance());
        break;
      case 3:
        text.insert(at, std::string(1 + below(8), static_cast<char>(chance())));
        break;
      case 4:
        text.erase(at, 1 + below(16));
        break;
      case 5:  // something twice
        text.insert(at, text.substr(below(text.size() + 1), below(32)));
        break;
      default:
        text = text.substr(0, at) + other.substr(std::min(other.size(), below(other.size() + 1)));
    }
  }
  return text;
}

bool replay(const FuzzTarget& target, const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    std::printf("%s: no inputs in %s\n", target.name, folder.c_str());
    return false;
  }
  std::vector<std::string> inputs;
  for (const auto& file : files) inputs.push_back(read_file(file));
  std::mt19937 chance(1);
  size_t ran = 0;
  run(target, "");
  for (size_t i = 0; i < inputs.size(); ++i) {
    run(target, inputs[i]);
    ++ran;
    if (inputs[i].size() > bent_bytes_max) continue;
    for (int copy = 0; copy < copies_each; ++copy, ++ran)
      run(target, bend(inputs[i], inputs[chance() % inputs.size()], chance));
  }
  std::printf("%-22s %6zu inputs from %zu files\n", target.name, ran, files.size());
  std::fflush(stdout);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "fuzz_replay CORPUS [TARGET [FILE...]]\n");
    return 2;
  }
  std::signal(SIGABRT, keep_input);
  std::signal(SIGSEGV, keep_input);
  std::signal(SIGALRM, keep_input);  // a target that hangs
  alarm(500);
  bool good = true, known = argc == 2;
  for (const FuzzTarget& target : fuzz_targets()) {
    if (argc > 2 && std::strcmp(argv[2], target.name) != 0) continue;
    known = true;
    if (argc > 3) {
      for (int i = 3; i < argc; ++i) run(target, read_file(argv[i]));
    } else {
      good = replay(target, std::filesystem::path(argv[1]) / target.name) && good;
    }
  }
  if (!known) std::fprintf(stderr, "no fuzz target %s\n", argv[2]);
  return good && known ? 0 : 1;
}
