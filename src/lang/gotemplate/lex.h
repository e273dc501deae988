// The words of a template text. For the parser of this room.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>

namespace slipway::lang::gotemplate {

struct Token {
  enum class Type : uint8_t {
    error,
    boolean,
    character,  // printable ASCII, such as a comma
    character_constant,
    complex,
    assign,
    declare,
    eof,
    field,
    identifier,
    left_delimiter,
    left_paren,
    number,
    pipe,
    raw_string,
    right_delimiter,
    right_paren,
    space,
    string,
    text,
    variable,
    // words of the language
    block,
    break_,
    continue_,
    dot,
    define,
    else_,
    end,
    if_,
    nil,
    range,
    template_,
    with,
  };
  Type type = Type::eof;
  uint32_t position = 0;
  std::string_view text;
  int line = 1;
  bool is_keyword() const { return type >= Type::block; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view input) : input_(input) {}
  bool break_is_word = true, continue_is_word = true;  // false: there are functions of these names
  Token next();

 private:
  Token text();
  Token left_delimiter();
  Token right_delimiter();
  bool comment(Token& error);  // true: skipped
  Token inside();
  Token space();
  Token identifier();
  Token field_or_variable(Token::Type type);
  Token number();
  bool scan_number();
  Token quoted(char end, Token::Type type, const char* what);
  Token raw_quoted();

  char32_t take();
  void back();
  char32_t peek();
  bool accept(std::string_view set);
  void accept_run(std::string_view set);
  void skip_word();
  bool at_terminator() const;
  bool at_right_delimiter(bool& trims) const;
  Token item(Token::Type type);
  void ignore();
  Token error(std::string message);
  std::string_view rest() const { return input_.substr(position_); }

  std::string_view input_;
  size_t position_ = 0, start_ = 0;
  int line_ = 1, start_line_ = 1;
  bool at_eof_ = false, inside_ = false;
  int parens_ = 0;
  std::list<std::string> messages_;  // of error tokens
};

}  // namespace slipway::lang::gotemplate
