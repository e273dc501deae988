// The HTTP/2 front of the server against any bytes after the client's preface; requests are answered, so that the
// sending side is driven too.
#include <cstdint>

#include "runtime/h2_session.h"
#include "runtime/world_fake.h"

using namespace slipway::runtime;

namespace {

struct Front final : H2Session::Events {
  FakeWorld world;
  H2Session session{H2Session::Side::server, {.header_bytes_max = 4096, .streams_max = 20}, world.executor(), *this};
  std::vector<H2StreamPtr> waiting;
  void on_head(H2StreamPtr stream) override { waiting.push_back(std::move(stream)); }
  void on_output() override {}
  void work() {
    for (auto& stream : std::exchange(waiting, {})) {
      switch (stream->id % 3) {
        case 0:
          session.drop(*stream, H2Session::Reset::internal_error);
          break;
        case 1:
          session.respond(*stream, 200, {}, true);
          session.drop(*stream, H2Session::Reset::no_error);
          break;
        default:
          session.respond(*stream, 200, {}, false);
          session.add(*stream, std::string(100'000, 'x'));
          session.consumed(*stream, stream->in.size());
          session.end(*stream);
      }
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Front front;
  std::string out;
  auto begun = front.session.receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  (void)begun;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, 64);
    bytes.remove_prefix(piece.size());
    if (!front.session.receive(piece)) break;
    front.work();
    out.clear();
    front.session.gather(out, 64 << 10);
    if (front.session.finished()) break;
  }
  front.session.fail_all(slipway::Error(slipway::ErrorKind::io, "end"));
  front.session.gather(out, 64 << 10);  // the writer may still run
  return 0;
}
