// Runs every template of a case file with the real text/template, sprig and Helm's functions, and writes the file again
// with what they gave. A case is a line with a template (⏎ stands for a line break), then a line with "= " and the
// output or "! " and the error, as JSON strings; the latter are made here. "@values" gives the values (YAML in one
// line) and "@missing" the option missingkey for the cases below it; "#" begins a remark.
//
//	go mod init cases && go get helm.sh/helm/v3@v3.22.0 && go mod tidy && touch empty.s
//	go build -ldflags=-checklinkname=0 -o cases .
//	TZ=Europe/Berlin ./cases ../../../src/lang/sprig/testdata/functions.txt
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
	"time"
	_ "unsafe"

	"helm.sh/helm/v3/pkg/chartutil"
	_ "helm.sh/helm/v3/pkg/engine"
)

//go:linkname helmFunctions helm.sh/helm/v3/pkg/engine.funcMap
func helmFunctions() template.FuncMap

type Point struct {
	X int
	Y string
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s)
	return strings.TrimSuffix(b.String(), "\n")
}

func run(text, values, missing string) (out string, err error) {
	vals, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		panic(err)
	}
	t := template.New("gotpl").Option("missingkey=" + missing)
	funcs := helmFunctions()
	funcs["include"] = func(name string, data interface{}) (string, error) {
		var b strings.Builder
		err := t.ExecuteTemplate(&b, name, data)
		return b.String(), err
	}
	funcs["getHostByName"] = func(string) string { return "" }
	t.Funcs(funcs)
	if _, err := t.New("t.yaml").Parse(text); err != nil {
		return "", err
	}
	data := map[string]interface{}{
		"Values":  vals,
		"Int":     5,
		"Int64":   int64(7),
		"Uint":    uint64(9),
		"Float":   2.5,
		"Bytes":   []byte("hey"),
		"Strings": []string{"a", "b"},
		"Ints":    []int{3, 1, 2},
		"Nil":     nil,
		"Time":    time.Unix(1700000000, 123456789).UTC(),
		"Pause":   90 * time.Second,
		"Point":   Point{3, "q"},
		"Texts":   map[string]string{"b": "2", "a": "1"},
	}
	var b bytes.Buffer
	err = t.ExecuteTemplate(&b, "t.yaml", data)
	return b.String(), err
}

func main() {
	for _, file := range os.Args[1:] {
		raw, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		var out strings.Builder
		values, missing := "{}", "zero"
		for _, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n") {
			if strings.HasPrefix(line, "= ") || strings.HasPrefix(line, "! ") {
				continue
			}
			fmt.Fprintln(&out, line)
			if rest, ok := strings.CutPrefix(line, "@values "); ok {
				values = rest
			} else if rest, ok := strings.CutPrefix(line, "@missing "); ok {
				missing = rest
			} else if line != "" && !strings.HasPrefix(line, "#") {
				text, err := run(strings.ReplaceAll(line, "⏎", "\n"), values, missing)
				if err != nil {
					fmt.Fprintln(&out, "! "+quoted(err.Error()))
				} else {
					fmt.Fprintln(&out, "= "+quoted(text))
				}
			}
		}
		os.WriteFile(file, []byte(out.String()), 0o644)
	}
}
