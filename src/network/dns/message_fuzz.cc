// What parses is written and parsed again: the second message must equal the first. And what parsed holds no more than
// was promised, however small the bytes.
#include <cstdlib>
#include <string>

#include "network/dns/message.h"

using namespace slipway::network::dns;

namespace {

size_t unfolded(const Message& message) {
  size_t bytes = 0;
  auto add = [&bytes](const Name& name) {
    ++bytes;
    for (const std::string& label : name.labels) bytes += label.size() + 1;
  };
  for (const Question& question : message.questions) add(question.name);
  for (const auto* records : {&message.answers, &message.authority, &message.additional}) {
    for (const Record& record : *records) add(record.name);
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto first = parse_message({reinterpret_cast<const char*>(data), size});
  if (!first) return 0;
  if (unfolded(*first) > unfolded_bytes_max) std::abort();
  std::string small = encode_message(*first, 512);
  std::string bytes = encode_message(*first, 65535);
  auto second = parse_message(bytes);
  if (!second) std::abort();
  if (second->truncated == first->truncated &&
      (second->answers.size() != first->answers.size() || second->questions.size() != first->questions.size()))
    std::abort();
  if (encode_message(*second, 65535).size() > bytes.size()) std::abort();
  if (!parse_message(small) && first->questions.size() < 2) std::abort();
  return 0;
}
