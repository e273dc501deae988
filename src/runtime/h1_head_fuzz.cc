// The HTTP/1.1 head parsers and the chunk decoder against any bytes. Besides not crashing: what is accepted has one
// meaning. Written out again, it is parsed to the same; and chunks decode the same however they are cut.
#include <cstdint>
#include <cstdlib>

#include "runtime/h1_body.h"

using namespace slipway::runtime;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void request(std::string_view bytes) {
  H1Refusal refusal;
  size_t size = find_h1_head(bytes, 64 << 10, refusal);
  if (refusal.status || size == 0) return;
  H1RequestHead head;
  if (parse_h1_request(bytes.substr(0, size), head).status) return;
  const Headers& headers = head.request.headers;
  require(headers.all("content-length").size() <= 1);
  require(!(headers.has("content-length") && headers.has("transfer-encoding")));
  require(!headers.has("transfer-encoding") || head.framing == H1Framing::chunked);
  std::string again =
      head.request.method + " " + head.request.target + (head.http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  require(write_h1_headers(headers, again));
  again += "\r\n";
  H1RequestHead second;
  require(find_h1_head(again, again.size() + 1, refusal) == again.size() && !refusal.status);
  require(parse_h1_request(again, second).status == 0);
  require(second.request.target == head.request.target && second.framing == head.framing &&
          second.body_bytes == head.body_bytes && second.request.headers.lines() == headers.lines());
  (void)head.request.path();
  (void)head.request.query_all();
}

void response(std::string_view bytes) {
  H1Refusal refusal;
  size_t size = find_h1_head(bytes, 64 << 10, refusal);
  if (refusal.status || size == 0) return;
  auto head = parse_h1_response(bytes.substr(0, size), false);
  if (head) require(head->status >= 100 && head->status <= 999);
}

void chunks(std::string_view bytes) {
  ChunkDecoder whole, cut;
  std::string out_whole, out_cut;
  std::string_view rest = bytes;
  bool good_whole = whole.decode(rest, out_whole), good_cut = true;
  std::string pending;
  for (size_t i = 0; i < bytes.size() && good_cut && !cut.done(); ++i) {
    pending += bytes[i];
    std::string_view view = pending;
    good_cut = cut.decode(view, out_cut);
    pending = std::string(view);
  }
  require(out_cut == out_whole || !good_whole || !good_cut);
  require(whole.done() == cut.done() || good_whole != good_cut);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      request(bytes);
      break;
    case 1:
      response(bytes);
      break;
    case 2:
      chunks(bytes);
      break;
    default:
      (void)Url::parse(bytes);
  }
  return 0;
}
