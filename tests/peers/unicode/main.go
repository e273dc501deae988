// Writes what Go says of every rune, as digests of 256 runes each (runs of equal ones on one line): its classes, how far
// its other cases are, and how all of them are quoted.
//
//	go run tests/peers/unicode/main.go > src/lang/gotemplate/testdata/unicode.txt
package main

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"runtime"
	"strconv"
	"unicode"
)

func main() {
	fmt.Printf("# Unicode %s, %s; tests/peers/unicode wrote it: blocks, FNV-1a of their numbers\n", unicode.Version, runtime.Version())
	classes := []func(rune) bool{unicode.IsLetter, unicode.IsDigit, unicode.IsNumber, unicode.IsPunct, unicode.IsUpper,
		unicode.IsLower, unicode.IsTitle, unicode.IsSpace, strconv.IsPrint}
	digest := func(block rune) string {
		h := fnv.New64a()
		for c := block << 8; c < (block+1)<<8; c++ {
			bits := int32(0)
			for i, is := range classes {
				if is(c) {
					bits |= 1 << i
				}
			}
			binary.Write(h, binary.LittleEndian, []int32{bits, unicode.ToUpper(c) - c, unicode.ToLower(c) - c, unicode.ToTitle(c) - c})
		}
		return fmt.Sprintf("%016x", h.Sum64())
	}
	const blocks = 0x1100
	for first := rune(0); first < blocks; {
		sum, last := digest(first), first
		for last+1 < blocks && digest(last+1) == sum {
			last++
		}
		fmt.Printf("%x-%x %s\n", first, last, sum)
		first = last + 1
	}
	h := fnv.New64a()
	for block := rune(0); block < blocks; block++ {
		var text []rune
		for c := block << 8; c < (block+1)<<8; c++ {
			text = append(text, c)
		}
		fmt.Fprintf(h, "%q %+q", string(text), string(text))
	}
	fmt.Printf("quoted %016x\n", h.Sum64())
}
