#include "network/dns/message.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace slipway::network::dns {

namespace {

std::string bytes(std::string_view hex) {
  std::string made;
  int high = -1;
  for (char c : hex) {
    if (c == ' ') continue;
    int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high >= 0) made.push_back(static_cast<char>(high << 4 | digit));
    high = high < 0 ? digit : -1;
  }
  return made;
}

void check_refused(std::string_view hex, std::string_view why) {
  auto parsed = parse_message(bytes(hex));
  REQUIRE_MESSAGE(!parsed, hex);
  CHECK(parsed.error().is(ErrorKind::bad_request));
  CHECK_MESSAGE(parsed.error().str().find(why) != std::string::npos, parsed.error().str());
}

Name name(std::string_view text) {
  return *Name::parse(text);
}

}  // namespace

TEST_CASE("a query with EDNS, as dig sends it") {
  auto m =
      parse_message(bytes("1267 0120 0001 0000 0000 0001 03 777777 07 6578616d706c65 03 636f6d 00 0001 0001 "
                          "00 0029 04d0 00 00 8000 0000"));
  REQUIRE(m.has_value());
  CHECK(m->id == 0x1267);
  CHECK(m->wants_recursion);
  CHECK_FALSE(m->is_answer);
  REQUIRE(m->questions.size() == 1);
  CHECK(m->questions[0].name.str() == "www.example.com");
  REQUIRE(m->edns.has_value());
  CHECK(m->edns->payload_max == 1232);
  CHECK(m->edns->dnssec_ok);
  CHECK(m->additional.empty());
}

TEST_CASE("broken messages are refused with the place") {
  check_refused("1267 01", "ends within a field");
  check_refused("1267 0120 0001 0000 0000 0000 03 7777", "ends within a field");
  check_refused("1267 0120 0001 0000 0000 0000 c00c 0001 0001", "points forward or to itself");
  check_refused("1267 0120 0001 0000 0000 0000 c0ff 0001 0001", "points forward or to itself");
  check_refused("1267 0120 0001 0000 0000 0000 41 00", "unknown kind of label");
  check_refused("1267 8180 0000 0001 0000 0000 00 0005 0001 00000000 0004 01 61 00 ff", "length is wrong");
  std::string label = "3f" + std::string(126, '6');
  check_refused("1267 0120 0001 0000 0000 0000 " + label + label + label + label + "00 0001 0001", "more than 255");
  // two OPT records
  check_refused("1267 0120 0000 0000 0000 0002 00 0029 04d0 00000000 0000 00 0029 04d0 00000000 0000", "OPT");
}

TEST_CASE("names are compressed, compared without case and given back with it") {
  Message m;
  m.is_answer = true;
  m.questions = {{name("Web.shop.svc.cluster.local"), type_a, class_in}};
  m.answers = {address_record(name("web.shop.svc.cluster.local"), 0x0a2b0101, 5),
               address_record(name("db.shop.svc.cluster.local"), 0x0a2b0102, 5)};
  std::string encoded = encode_message(m, 512);
  CHECK(encoded.size() == 12 + 32 + 16 + 19);
  auto back = parse_message(encoded);
  REQUIRE(back.has_value());
  CHECK(back->questions[0].name.written() == "Web.shop.svc.cluster.local");
  CHECK(back->answers[0].name == name("WEB.shop.svc.cluster.local"));
  CHECK(back->answers[1].name.str() == "db.shop.svc.cluster.local");
  CHECK(back->answers[1].data == std::string("\x0a\x2b\x01\x02", 4));
}

TEST_CASE("what does not fit is left out and marked") {
  Message m;
  m.is_answer = true;
  m.questions = {{name("many.shop.svc.cluster.local"), type_a, class_in}};
  m.edns = Edns{};
  for (uint32_t i = 0; i < 100; ++i) m.answers.push_back(address_record(m.questions[0].name, i, 5));
  std::string small = encode_message(m, 512);
  CHECK(small.size() <= 512);
  auto cut = parse_message(small);
  REQUIRE(cut.has_value());
  CHECK(cut->truncated);
  CHECK(cut->edns.has_value());
  CHECK(cut->answers.size() == (512 - 12 - 33 - 11) / 16);
  auto whole = parse_message(encode_message(m, 65535));
  REQUIRE(whole.has_value());
  CHECK_FALSE(whole->truncated);
  CHECK(whole->answers.size() == 100);
}

TEST_CASE("texts that are no names") {
  for (std::string text : {std::string(".."), std::string("a..b"), std::string(64, 'a'), std::string(".a")})
    CHECK_MESSAGE(!Name::parse(text).has_value(), text);
  CHECK_FALSE(Name::parse(base::join(std::vector<std::string>(128, "ab"), ".")).has_value());
  CHECK(Name::parse(".")->labels.empty());
  CHECK(name("a.b.").labels.size() == 2);
}

TEST_CASE("names that point to names do not unfold without a bound") {
  // A question of 127 labels, then records of 12 bytes whose names all point to it.
  auto made = [](unsigned records) {
    std::string text = bytes("1267 0120 0001 0000 0000") + static_cast<char>(records >> 8) + static_cast<char>(records);
    for (int i = 0; i < 127; ++i) text += bytes("01 61");
    text += bytes("00 0001 0001");
    for (unsigned i = 0; i < records; ++i) text += bytes("c00c 0001 0001 00000000 0000");
    return text;
  };
  CHECK(parse_message(made(1000)).has_value());
  auto refused = parse_message(made(5436));
  REQUIRE(!refused);
  CHECK(refused.error().str().find("unfold to more than 262144 bytes") != std::string::npos);
}

TEST_CASE("header and question alone") {
  CHECK(!parse_header("11 bytes...").has_value());
  std::string query = bytes("1267 2120 0001 0002 0003 0004 03 777777 00 0001 0001 ff");
  auto header = parse_header(query);
  REQUIRE(header.has_value());
  CHECK(header->id == 0x1267);
  CHECK(header->opcode == 4);
  CHECK_FALSE(header->is_answer);
  CHECK(std::vector<int>{header->questions, header->answers, header->authority, header->additional} ==
        std::vector<int>{1, 2, 3, 4});
  auto question = parse_question(query);  // what follows is not looked at
  REQUIRE(question.has_value());
  CHECK(question->name.str() == "www");
  CHECK(!parse_question(bytes("1267 0120 0002 0000 0000 0000 00 0001 0001 00 0001 0001")).has_value());
  CHECK(!parse_question(bytes("1267 0120 0001 0000 0000 0000 03 7777")).has_value());
}

}  // namespace slipway::network::dns
