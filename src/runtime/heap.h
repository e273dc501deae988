// Memory of programs that answer and end. A server leaves malloc as it is: prepare_heap() does nothing then.
#pragma once

#include <cstddef>
#include <memory>

namespace slipway::runtime {

// One heap that grows in large steps and takes large texts too, instead of a heap per thread and a mapping per text.
// Call it once, before there are threads.
void use_one_heap();

// About so many bytes are going to be taken from the heap: lets the kernel put the pages there in one go. A page that
// comes when it is first touched costs about four times as much, and that was a third of rendering a large chart. A
// guess too small costs time, one too large also memory. Small announcements are gathered.
void prepare_heap(size_t bytes);

// Much memory was freed: what malloc keeps of it for later goes back to the kernel. Costs milliseconds.
void return_memory();

// A command that is about to end does not free this any more: going through all of it again would cost more than it
// took to make. A server frees it as ever.
bool ends_soon();  // use_one_heap() was called
void keep_until_exit(std::shared_ptr<void> value);
template <class T>
void leave_to_exit(T value) {
  if (ends_soon()) keep_until_exit(std::make_shared<T>(std::move(value)));
}

// Lets the kernel put the pages of this memory there at once, where it can (Linux 5.14; else they come one by one).
// Begins and ends at a page's border.
void take_pages(void* from, size_t bytes);

}  // namespace slipway::runtime
