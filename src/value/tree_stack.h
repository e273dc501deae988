// How a parser builds a tree bottom-up: values and members are pushed onto two stacks, and closing an array or object
// moves what lies above its mark into one node of exactly the right size. For the parsers of this room.
#pragma once

#include <cstdlib>
#include <new>
#include <type_traits>

#include "value/note.h"
#include "value/value.h"

namespace slipway::value {

// A vector whose elements are moved out as bytes: Values and Members hold no pointers into themselves.
template <class T>
class ByteStack {
 public:
  ByteStack() = default;
  ByteStack(const ByteStack&) = delete;
  ByteStack& operator=(const ByteStack&) = delete;
  ~ByteStack() {
    for (size_t i = 0; i < size_; ++i) data_[i].~T();
    std::free(static_cast<void*>(data_));
  }
  template <class... A>
  T& push(A&&... args) {
    if (size_ == room_) grow();
    return *new (data_ + size_++) T{std::forward<A>(args)...};
  }
  size_t size() const { return size_; }
  T* data() { return data_; }
  T& back() { return data_[size_ - 1]; }
  T& operator[](size_t i) { return data_[i]; }
  void forget_above(size_t mark) { size_ = mark; }  // the caller has moved the bytes elsewhere

 private:
  void grow() {
    size_t room = room_ == 0 ? 64 : room_ * 2;
    void* bigger = std::realloc(static_cast<void*>(data_), room * sizeof(T));
    if (bigger == nullptr) throw std::bad_alloc();
    data_ = static_cast<T*>(bigger);
    room_ = room;
  }
  T* data_ = nullptr;
  size_t size_ = 0, room_ = 0;
};

class TreeStack {
 public:
  ByteStack<Value> values;    // items of the arrays that are open
  ByteStack<Member> members;  // members of the objects that are open

  static Note note_of(const Value& v);
  static Value noted(Value v, Note note);
  static Value* own_child(Value& v, std::string_view key);  // see in_place.h

  Value close_array(size_t mark);
  // Sorts by key; of members with one name the last wins, and `on_duplicate(key)` hears of each that lost.
  template <class F>
  Value close_object(size_t mark, F&& on_duplicate) {
    Member* m = members.data() + mark;
    size_t n = members.size() - mark;
    bool rising = true;
    for (size_t i = 1; i < n && rising; ++i) rising = m[i - 1].key < m[i].key;
    if (!rising)
      n = sort_unique(
          m, n, [](void* f, const Key& key) { (*static_cast<std::remove_reference_t<F>*>(f))(key); }, &on_duplicate);
    Value v = object_of(m, n);
    members.forget_above(mark);
    return v;
  }
  static Value string_of(std::string_view text) { return Value(text); }

  // Sorts m[0..n) by key, destroys all but the last of equal keys, gives the number left.
  static size_t sort_unique(Member* m, size_t n, void (*on_duplicate)(void*, const Key&), void* context);
  static Value object_of(Member* m, size_t n);  // takes the bytes of sorted members without duplicates
  static Value array_of(Value* v, size_t n);    // takes the bytes

  // What an array or an object holds, and a string's text, without a call: for the writers.
  static std::span<const Value> items_of(const Value& array) {
    Value::Node* n = array.node();
    return n == nullptr ? std::span<const Value>() : std::span<const Value>(n->values(), n->size);
  }
  static std::span<const Member> members_of(const Value& object) {
    Value::Node* n = object.node();
    return n == nullptr ? std::span<const Member>() : std::span<const Member>(n->members(), n->size);
  }
  static std::string_view text_of(const Value& string) {
    if (string.w_.tag == Value::Tag::short_string) return {string.s_.text, static_cast<size_t>(string.s_.length & 15)};
    return {string.node()->chars(), string.node()->size};
  }
};

}  // namespace slipway::value
