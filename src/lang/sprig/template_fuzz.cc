// Templates from anywhere, parsed and run with all functions but those that are slow on purpose.
#include <cstring>

#include "lang/sprig/sprig.h"

namespace {

using namespace slipway::lang;

const auto& functions() {
  static const auto all = [] {
    auto f = std::make_shared<gotemplate::Functions>();
    sprig::add_functions(*f);
    for (const char* slow : {"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey",
                             "genSignedCert", "genSignedCertWithKey", "bcrypt", "htpasswd", "derivePassword"})
      f->remove(slow);
    f->add("include", "(string, any) string", [](gotemplate::Call& c) {
      std::string out;
      auto done = c.run().execute(c.set(), c.text(0), c[1], out);
      return done ? gotemplate::Any::of(out) : c.fail(std::move(done.error()));
    });
    return f;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gotemplate::Set set(functions(), gotemplate::MissingKey::zero);
  if (!set.parse("t", {reinterpret_cast<const char*>(data), size})) return 0;
  gotemplate::Limits limits;
  limits.steps_max = 20'000;
  limits.output_bytes_max = 1 << 20;
  limits.memory_bytes_max = 4 << 20;
  limits.template_depth_max = 1000;
  limits.stack_bytes_max = 1 << 20;
  gotemplate::Environment environment;
  environment.now = [] { return std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000)); };
  environment.random = [](std::span<std::byte> to) { std::memset(to.data(), 7, to.size()); };
  gotemplate::Run run(limits, environment);
  static const slipway::Value values{
      {"Values", slipway::Value{{"a", slipway::Value{{"b", "text"}, {"n", 3.5}}},
                                {"l", slipway::Value::array({1.0, "two", slipway::Value()})},
                                {"s", "a: [1, 2]"}}}};
  std::string out;
  auto done = run.execute(set, "t", run.heap().of(values), out);
  if (!done && done.error().text.empty()) __builtin_trap();
  return 0;
}
