// Memory of programs that answer and end. A server leaves malloc as it is: prepare_heap() does nothing then.
#pragma once

#include <cstddef>

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

// Lets the kernel put the pages of this memory there at once, where it can (Linux 5.14; else they come one by one).
// Begins and ends at a page's border.
void take_pages(void* from, size_t bytes);

}  // namespace slipway::runtime
