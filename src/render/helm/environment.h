// The clock, chance and time zones that a chart's templates see, taken from the World once: a rendering then runs on
// any thread. Chance is a stream grown from 32 bytes of the World's, so a simulated World repeats it.
#pragma once

#include <atomic>
#include <memory>

#include "lang/gotemplate/template.h"
#include "runtime/world.h"

namespace slipway::render::helm {

// The World must outlive it: time zones are read from its files when a template asks for one. `is_used`: set when one
// asks for anything of it, so that the same files may give something else another time.
lang::gotemplate::Environment environment_of(World& world, std::shared_ptr<std::atomic<bool>> is_used = nullptr);

}  // namespace slipway::render::helm
