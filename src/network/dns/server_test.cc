// The server, asked over simulated sockets, with name servers played behind it.
#include "network/dns/server.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "sim/testing/seeds.h"
#include "value/yaml.h"

namespace slipway::network::dns {

namespace {

using sim::SimWorld;

Names cluster() {
  Names names(*Name::parse("cluster.local"), *parse_ipv4("10.43.0.10"), {Cidr::parse("10.43.0.0/16").value()});
  auto service = [&](std::string name, std::string_view spec) {
    names.set_service(Value(), Value{{"metadata", Value{{"name", name}, {"namespace", "shop"}}},
                                     {"spec", value::parse_yaml(spec).value()}});
  };
  service("web", "{clusterIP: 10.43.1.1}");
  service("away", "{type: ExternalName, externalName: www.example.com}");
  service("near", "{type: ExternalName, externalName: web.shop.svc.cluster.local}");
  service("loop", "{type: ExternalName, externalName: loop.shop.svc.cluster.local}");
  service("many", "{clusterIP: None}");
  ArrayBuilder endpoints;
  for (int i = 0; i < 100; ++i)
    endpoints.push(Value{{"addresses", Value::array({Value(fmt::format("10.42.0.{}", i))})}});
  Value labels{{"kubernetes.io/service-name", "many"}};
  names.set_endpoint_slice(Value(),
                           Value{{"metadata", Value{{"name", "many-1"}, {"namespace", "shop"}, {"labels", labels}}},
                                 {"endpoints", endpoints.build()}});
  return names;
}

// A name server elsewhere; what it says depends on the first label.
struct Played {
  std::string host;
  int asked = 0;
};
Message reply_of(const Played& played, Message query) {
  const std::string first = query.questions[0].name.labels[0];
  query.is_answer = true;
  query.offers_recursion = true;
  if (first == "denied") query.code = 3;
  if (first == "sick") query.code = 2;
  uint32_t address = *parse_ipv4(played.host);
  int count = first == "big" ? 60 : query.code ? 0 : 1;
  for (int i = 0; i < count; ++i) query.answers.push_back(address_record(query.questions[0].name, address, 60));
  return query;
}
Task<void> play_udp(World* world, Played* played) {
  auto socket = world->network().bind_datagram({played->host, 53, {}}).value();
  while (true) {
    auto got = co_await socket->receive();
    if (!got) co_return;
    ++played->asked;
    Message query = parse_message(got->bytes).value();
    Message reply = reply_of(*played, query);
    if (query.questions[0].name.labels[0] == "guess") {  // somebody else's answers come first
      Message wrong = reply;
      wrong.answers[0].data = "\1\1\1\1";
      Message other_id = wrong, other_name = wrong;
      ++other_id.id;
      other_name.questions[0].name = *Name::parse("other.example.com");
      for (const Message& one : {other_id, other_name}) {
        auto sent = co_await socket->send({encode_message(one, 512), got->peer});
        (void)sent.has_value();
      }
    }
    auto sent = co_await socket->send({encode_message(reply, 512), got->peer});
    (void)sent.has_value();
  }
}
Task<void> play_tcp(World* world, Played* played) {
  auto listener = world->network().listen({played->host, 53, {}}).value();
  while (true) {
    auto stream = co_await listener->accept();
    if (!stream) co_return;
    auto query = co_await read_message(**stream);
    if (!query) continue;
    ++played->asked;
    auto written =
        co_await write_message(**stream, encode_message(reply_of(*played, parse_message(*query).value()), 65535));
    (void)written.has_value();
  }
}

std::string text_of(const Result<Message>& reply) {
  if (!reply) return "nonsense";
  std::vector<std::string> words;
  if (reply->code) words.push_back(fmt::format("code {}", reply->code));
  if (reply->truncated) words.push_back("truncated");
  if (reply->answers.size() > 3) {
    words.push_back(fmt::format("{} answers", reply->answers.size()));
  } else {
    for (const Record& record : reply->answers) {
      uint32_t number = 0;
      for (char c : record.data) number = number << 8 | static_cast<uint8_t>(c);
      words.push_back(record.type == type_a ? format_ipv4(number) : target_of(record)->str());
    }
  }
  return base::join(words, " ");
}

struct Ask {
  std::string name;
  bool tcp = false;
  uint16_t payload = 0;  // 0: no EDNS
};
Task<std::string> ask(World* world, Ask what) {
  Message query;
  query.id = 77;
  query.wants_recursion = true;
  query.questions = {{*Name::parse(what.name), type_a, class_in}};
  if (what.payload) query.edns = Edns{what.payload};
  std::string bytes = encode_message(query, 512);
  std::string got;
  if (what.tcp) {
    auto stream = (co_await world->network().connect({"10.43.0.10", 53, {}})).value();
    REQUIRE((co_await write_message(*stream, bytes)).has_value());
    got = (co_await read_message(*stream)).value();
  } else {
    auto socket = world->network().bind_datagram({"10.42.0.2", 0, {}}).value();
    REQUIRE((co_await socket->send({bytes, {"10.43.0.10", 53, {}}})).has_value());
    auto datagram = co_await runtime::with_timeout(30s, socket->receive());
    if (!datagram) co_return "silence";
    got = datagram->bytes;
  }
  auto reply = parse_message(got);
  if (reply) {
    CHECK(reply->id == 77);
    CHECK(reply->edns.has_value() == (what.payload != 0));
    if (!what.tcp) CHECK(got.size() <= std::max<size_t>(512, what.payload));
  }
  co_return text_of(reply);
}

Task<void> run_server(Server* server) {
  co_await server->run({"10.43.0.10", 53, {}});
}
// Runs `body` beside a server of cluster() and the played name servers.
Task<void> with_server(SimWorld* world, std::vector<Played*> played, Task<void> body) {
  Names names = cluster();
  Upstream upstream(*world, "/etc/resolv.conf", {"10.43.0.10"});
  Server server(*world, names, upstream);
  TaskGroup group(world->executor());
  group.spawn(run_server(&server));
  for (Played* one : played) {
    group.spawn(play_udp(world, one));
    group.spawn(play_tcp(world, one));
  }
  while (!server.listening()) REQUIRE((co_await runtime::sleep(1ms)).has_value());
  co_await std::move(body);
  co_await group.stop();
}

Task<void> compare(SimWorld* world, std::vector<std::pair<Ask, std::string>> cases) {
  for (const auto& [what, expected] : cases) {
    std::string got = co_await ask(world, what);
    CHECK_MESSAGE(got == expected, what.name);
  }
}

void check(std::string resolv_conf, std::vector<Played*> played, std::vector<std::pair<Ask, std::string>> cases) {
  sim::testing::for_seeds(5, [&](SimWorld& world) {
    REQUIRE(world.files().make_directories("/etc").has_value());
    REQUIRE(world.files().write_atomically("/etc/resolv.conf", resolv_conf).has_value());
    world.run(with_server(&world, played, compare(&world, cases)));
  });
}

}  // namespace

TEST_CASE("names of the cluster, by UDP and TCP, as much as the client takes") {
  check("", {},
        {{{"web.shop.svc.cluster.local"}, "10.43.1.1"},
         {{"web.shop.svc.cluster.local", true}, "10.43.1.1"},
         {{"web.shop.svc.cluster.local", false, 4096}, "10.43.1.1"},
         {{"nobody.shop.svc.cluster.local"}, "code 3"},
         {{"near.shop.svc.cluster.local"}, "web.shop.svc.cluster.local 10.43.1.1"},
         {{"many.shop.svc.cluster.local"}, "truncated 29 answers"},
         {{"many.shop.svc.cluster.local", false, 4096}, "truncated 73 answers"},
         {{"many.shop.svc.cluster.local", true}, "100 answers"},
         {{"loop.shop.svc.cluster.local"}, "9 answers"}});
}

TEST_CASE("other names come from upstream, as they are") {
  Played one{"192.0.2.1"};
  check("nameserver 192.0.2.1\n", {&one},
        {{{"www.example.com"}, "192.0.2.1"},
         {{"www.example.com", true, 1232}, "192.0.2.1"},
         {{"denied.example.com"}, "code 3"},
         {{"guess.example.com"}, "192.0.2.1"},
         {{"big.example.com"}, "truncated"},
         {{"big.example.com", false, 4096}, "60 answers"},
         {{"big.example.com", true}, "60 answers"},
         {{"away.shop.svc.cluster.local"}, "www.example.com 192.0.2.1"}});
}

TEST_CASE("a dead or sick server costs time, not the answer") {
  Played one{"192.0.2.1"}, two{"192.0.2.2"};
  check("nameserver 192.0.2.9\nnameserver 192.0.2.2", {&one, &two}, {{{"www.example.com"}, "192.0.2.2"}});
  CHECK(one.asked == 0);
  check("nameserver 192.0.2.9\n", {&one}, {{{"www.example.com"}, "code 2"}});
  check("", {}, {{{"www.example.com"}, "code 2"}});
  // ourselves in resolv.conf: asking would never end
  check("nameserver 10.43.0.10\n", {}, {{{"www.example.com"}, "code 2"}});
  // the sick server's own word, when nobody knows better
  check("nameserver 192.0.2.1\n", {&one}, {{{"sick.example.com"}, "code 2"}});
}

namespace {
// Clients that all ask for names outside, one socket each as resolvers do; then one that asks for a name of ours.
Task<void> crowd_then_ours(World* world) {
  std::vector<std::unique_ptr<runtime::DatagramSocket>> sockets;
  for (int i = 0; i < 600; ++i) {
    Message query;
    query.questions = {{*Name::parse(fmt::format("{}.example.com", i)), type_a, class_in}};
    sockets.push_back(world->network().bind_datagram({"10.42.0.3", 0, {}}).value());
    REQUIRE((co_await sockets.back()->send({encode_message(query, 512), {"10.43.0.10", 53, {}}})).has_value());
  }
  REQUIRE((co_await runtime::sleep(100ms)).has_value());
  std::string ours = co_await ask(world, {"web.shop.svc.cluster.local"});
  CHECK(ours == "10.43.1.1");
  std::string theirs = co_await ask(world, {"www.example.com"});
  CHECK(theirs == "code 2");  // at once: nobody else is asked now
}
}  // namespace

TEST_CASE("a crowd that asks for names outside, where nobody answers, does not keep the cluster's names away") {
  sim::testing::for_seeds(5, [&](SimWorld& world) {
    REQUIRE(world.files().make_directories("/etc").has_value());
    REQUIRE(world.files().write_atomically("/etc/resolv.conf", "nameserver 192.0.2.9\n").has_value());
    world.run(with_server(&world, {}, crowd_then_ours(&world)));
  });
}

TEST_CASE("resolv.conf") {
  auto check = [](std::string_view text, std::string_view expected) {
    CHECK(base::join(name_servers(text, {"10.43.0.10"}), " ") == expected);
  };
  check("# nameserver 1.1.1.1\nsearch a b\nnameserver 192.0.2.1 # home\n\tnameserver\tfe80::1%eth0\n",
        "192.0.2.1 fe80::1%eth0");
  check("nameserver 10.43.0.10\nnameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4",
        "1.1.1.1 2.2.2.2 3.3.3.3");
  check("nameservers 1.1.1.1\nnameserver\nnameserver:1.1.1.1", "");
}

TEST_CASE("what is no question gets the answer it deserves") {
  sim::testing::for_seeds(1, [](SimWorld& world) {
    Names names = cluster();
    Upstream upstream(world, "/etc/resolv.conf", {});
    Server server(world, names, upstream);
    auto check = [&](Message query, std::string_view expected) {
      std::string got = world.run(server.answer(encode_message(query, 512), false));
      CHECK((got.empty() ? "silence" : text_of(parse_message(got))) == expected);
    };
    Message query;
    query.questions = {{*Name::parse("web.shop.svc.cluster.local"), type_a, class_in}};
    check(query, "10.43.1.1");
    Message other = query;
    other.is_answer = true;
    check(other, "silence");
    other = query;
    other.opcode = 5;  // UPDATE
    check(other, "code 4");
    other = query;
    other.questions.push_back(query.questions[0]);
    check(other, "code 1");
    other = query;
    other.questions[0].type = type_axfr;
    check(other, "code 5");
    other = query;
    other.questions[0].of_class = 3;
    check(other, "code 5");
    other = query;
    other.edns = Edns{1232, 1, false};
    check(other, "code 16");
    other = query;
    other.answers = {address_record(query.questions[0].name, 1, 1)};
    check(other, "code 1");
    other = query;
    other.additional = {text_record({}, "a", 1), text_record({}, "b", 1)};
    check(other, "10.43.1.1");
    other.edns = Edns{};  // the third
    check(other, "code 1");
    other = query;
    other.additional = {{{}, type_txt, 0, std::string(4096, '.')}};
    std::string large = world.run(server.answer(encode_message(other, 65535), true));
    CHECK(text_of(parse_message(large)) == "code 1");
    CHECK(world.run(server.answer("short", false)).empty());
    auto broken = parse_message(world.run(server.answer(std::string("\1\2\1\0\0\1\0\0\0\0\0\0\x05", 13), false)));
    REQUIRE(broken.has_value());
    CHECK(broken->id == 0x102);
    CHECK(broken->code == 1);
  });
}

}  // namespace slipway::network::dns
