#!/usr/bin/env python3
"""Command lines of `helm`, right and wrong, beside `slipway helm`: exit code, both outputs and the files that are left.

commands.py            compares with what is recorded in src/render/testdata/helm_commands.json, in which Helm 3.22's words stand
commands.py --record   writes them down anew, with the peer
commands.py WORD...    only command lines with one of these words (--record too)

Each line runs in a fresh folder with a few charts, beside a repository and a registry on loopback that hold the chart c.
"""
import gzip
import hashlib
import http.server
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading

import compare

RECORDED = os.path.join(compare.ROOT, "src", "render", "testdata", "helm_commands.json")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def meta(name, version="0.1.0", more=""):
    return f"apiVersion: v2\nname: {name}\nversion: {version}\n{more}"


def needs(name, version, repository):
    return f'dependencies: [{{name: {name}, version: "{version}", repository: "{repository}"}}]\n'


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
CHART = {  # files of many kinds, in the order of their names
    "Chart.yaml": meta("c", more="description: d\n"), ".helmignore": "*.bak\n", "README.md": "# c\n", "LICENSE": "free\n",
    "values.yaml": "x: 1\n", "values.schema.json": '{"type": "object"}\n', "a.bak": "", "files/b.txt": "b\n",
    "templates/a.yaml": CONFIG, "templates/NOTES.txt": "notes\n", "templates/_h.tpl": "{{/* h */}}\n", "templates/sub/b.yaml": "",
    "crds/c.yaml": "kind: CustomResourceDefinition\n", "charts/s/Chart.yaml": meta("s"), "charts/s/values.yaml": "y: 1\n",
    "charts/s/templates/s.yaml": "", "charts/s/crds/s.yaml": "kind: X\n",
}
FILES = {f"c/{name}": text for name, text in CHART.items()} | {
    "old/Chart.yaml": "apiVersion: v1\nname: old\nversion: 1.0.0\n", "old/requirements.yaml": "dependencies: []\n", "old/values.yaml": "",
    "lib/Chart.yaml": meta("lib", more="type: library\n"),
    "local/Chart.yaml": meta("local", more=needs("c", "0.x", "file://../c")),
    "remote/Chart.yaml": meta("remote", more=needs("c", "0.x", "http://REPO")), "remote/templates/a.yaml": CONFIG,
    "far/Chart.yaml": meta("far", more=needs("c", "9.x", "http://REPO")),
    "strange/Chart.yaml": meta("strange", more=needs("zz", "0.x", "http://REPO")),
    "dead/Chart.yaml": meta("dead", more=needs("c", "0.x", "http://127.0.0.1:1")),
    "broken/Chart.yaml": meta("broken", more=needs("c", "0.x", "http://REPO/broken")),
    "oci/Chart.yaml": meta("oci", more=needs("c", "0.1.0", "oci://REPO/charts")),
    "under/Chart.yaml": meta("under", more=needs("u", "1.2.3+b.5", "oci://REPO/charts")),
    "named/Chart.yaml": meta("named", more=needs("c", "0.x", "@r")),
    "norepo/Chart.yaml": meta("norepo", more=needs("zz", "0.x", "")),
    "bogus/Chart.yaml": meta("bogus", more=needs("zz", "bogus", "http://REPO")), "bogus/charts/zz-0.1.0.txt": "",
    "bogus2/Chart.yaml": meta("bogus2", more=needs("s", "bogus", "http://REPO")), "bogus2/charts/s/Chart.yaml": meta("s"),
    "stale/Chart.yaml": meta("stale", more=needs("c", "0.x", "http://REPO")),
    "stale/Chart.lock": "dependencies: []\ndigest: sha256:0\ngenerated: '2020-01-01T00:00:00Z'\n",
    # locked by Helm 2, and by nobody
    **{f"{name}/{file}": text for name, digest in (("two", "07872e831c89e0fa0dd22a6117726f721fd70a8159c754847ab75820a10934e9"), ("nobody", "0")) for file, text in (
        ("Chart.yaml", f"apiVersion: v1\nname: {name}\nversion: 1.0.0\n"), ("requirements.yaml", needs("c", "0.x", "file://../c")),
        ("requirements.lock", "dependencies: [{name: c, version: 0.1.0, repository: 'file://../c'}]\n"
                              f"digest: sha256:{digest}\ngenerated: '2020-01-01T00:00:00Z'\n"))},
    "unpacked/Chart.yaml": meta("unpacked", more=needs("s", "0.x", "file://../none")), "unpacked/charts/s/Chart.yaml": meta("s"),
    "nofile/Chart.yaml": meta("nofile", more=needs("c", "0.x", "file://../none")),
    "ignoring/Chart.yaml": meta("ignoring"), "ignoring/.helmignore": "!templates\n", "ignoring/values.yaml": "", "ignoring/templates/a.yaml": CONFIG,
    "ignoring2/Chart.yaml": meta("ignoring2"), "ignoring2/.helmignore": "!templates\n!Chart.yaml\n", "ignoring2/templates/a.yaml": CONFIG,
    "nover/Chart.yaml": "apiVersion: v2\nname: nover\n", "badver/Chart.yaml": meta("badver", "x"),
    "eof/Chart.yaml": meta("eof"), "eof/values.schema.json": "", "eof/templates/a.yaml": CONFIG,
    "nojson/Chart.yaml": meta("nojson"), "nojson/values.schema.json": "{",
    "endless/Chart.yaml": meta("endless"), "endless/values.schema.json": '{"maximum": 1e400}',
    "plain/Chart.yaml": meta("plain"), "plain/templates/a.yaml": CONFIG + "data: {n: '{{ .Release.Namespace }}'}\n",
    "links/Chart.yaml": meta("links"), "links/templates/a.yaml": CONFIG,
    "mono/app/Chart.yaml": meta("app"), "mono/app/.helmignore": "skipped\n",
    "mono/app/templates/a.yaml": CONFIG + "data: {t: {{ include \"t\" . }}, f: {{ .Files.Get \"shared/in/f.txt\" }}}\n",
    "mono/common/_common.tpl": "{{ define \"t\" }}common{{ end }}", "mono/common/in/f.txt": "text",
    "mono/lib/Chart.yaml": meta("lib"), "mono/lib/templates/l.yaml": CONFIG,
    "dangling/Chart.yaml": meta("dangling"), "circle/Chart.yaml": meta("circle"), "circle/templates/a.yaml": CONFIG,
    "parent/Chart.yaml": meta("parent", more=needs("s", "0.x", "")), "parent/templates/a.yaml": CONFIG,
    "parent/charts/s/Chart.yaml": meta("s"), "parent/charts/s/templates/s.yaml": CONFIG,
    "v.yaml": "x: 2\n", "bad.yaml": "x: [\n", "list.yaml": "- 1\n", "nullkey.yaml": "{x: 1, null: d}\n", "nullkey1.yaml": "null: 1\n",
    "boolkey.yaml": "true: 1\n2: x\n", "escape.yaml": 'x: "a\\/b"\n', "escape1.yaml": 'x: "\\/\\q"\n', "text.txt": "text\n", "no.tgz": "no archive\n",
    "named.yaml": "apiVersion: \"\"\ngenerated: \"0001-01-01T00:00:00Z\"\nrepositories:\n- name: r\n  url: http://REPO\n- name: gone\n  url: http://REPO/gone\n",
    "kube/none.yaml": "apiVersion: v1\nkind: Config\n", "kube/context.yaml": "apiVersion: v1\nkind: Config\ncurrent-context: q\n",
    "kube/cluster.yaml": "apiVersion: v1\nkind: Config\ncurrent-context: q\ncontexts: [{name: q, context: {cluster: z, user: u}}]\n",
    "taken/plain/templates": "a file", "emptydir/x": "", "signed.tgz": "", "signed.tgz.prov": "",
}
LINKS = {"links/b.yaml": "Chart.yaml", "links/templates/b.yaml": "../Chart.yaml",  # path: where it leads
         "mono/app/templates/_common.tpl": "../../common/_common.tpl", "mono/app/shared": "../common", "mono/app/skipped": "../lib",
         "mono/app/charts/lib": "../../lib", "mono/common/in/again.txt": "f.txt",
         "dangling/templates/b.yaml": "../../nowhere/b.yaml", "circle/a": ".", "linked": "mono/app"}
# Of each, in which folder it lies; `ARCHIVES` come packed, beside `FILES`.
ARCHIVES = {"packed.tgz": CHART, "up.tgz": {"Chart.yaml": meta("up"), "../../e": "evil"}, "none.tgz": {},
            "nochart.tgz": {"values.yaml": "a: 1\n"}, "deep.tgz": {"Chart.yaml": meta("deep"), "templates/a.yaml": CONFIG},
            "parent/charts/s/charts/in.tgz": {"Chart.yaml": meta("in"), "templates/a.yaml": " a: 1\n"},
            "parent/charts/t.tar.gz": {"Chart.yaml": meta("t"), "templates/a.yaml": "{{ fail \"x\" }}"}, "parent/charts/x.tgz": {"values.yaml": ""}}

HELM = """
pull c --repo http://REPO
pull c --repo http://REPO -d emptydir
pull c --repo http://REPO -d nodir
pull c --repo http://REPO --untar
pull c --repo http://REPO --untar -d emptydir
pull c --repo http://REPO --untar -d nodir
pull c --repo http://REPO --untar --untardir q
pull c --repo http://REPO --untar -d emptydir --untardir q
pull c --repo http://REPO --untar -d emptydir --untardir q/r
pull c --repo http://REPO --untar -d emptydir --untardir {HOME}/q
pull c --repo http://REPO --untar --untardir .. -d emptydir
pull c --repo http://REPO --untar --untardir emptydir --destination nodir
pull c --repo http://REPO --untardir q
pull c --repo http://REPO --version 0.1.0 --untar=true -d=emptydir
pull c --repo http://REPO --untar -d emptydir ; pull c --repo http://REPO --untar -d emptydir
pull c --repo http://REPO --untar --untardir q ; pull c --repo http://REPO --untar --untardir q
pull c --repo http://REPO ; pull c --repo http://REPO
pull c c --repo http://REPO --untar
pull c --repo http://REPO --version 9
pull c --repo http://REPO --version bogus
pull c --repo http://REPO --version ^0.1
pull c --repo http://REPO --version "<0.1"
pull zz --repo http://REPO
pull zz --repo http://REPO --version 1.2.3
pull pre --repo http://REPO
pull pre --repo http://REPO --devel
pull c --repo http://REPO/none
pull c --repo http://REPO/broken
pull c --repo http://REPO/noapi
pull c --repo http://REPO/empty
pull c --repo http://REPO/nourl
pull c --repo http://REPO/goneurl
pull c --repo http://127.0.0.1:1
pull c --repo ftp://127.0.0.1
pull c --repo nonsense
pull http://REPO/c-0.1.0.tgz
pull http://REPO/c-0.1.0.tgz --untar
pull http://REPO/c-0.1.0.tgz --untar -d emptydir
pull http://REPO/none.tgz
pull http://127.0.0.1:1/c-0.1.0.tgz
pull c
pull zz/c
repo update r --repository-config named.yaml
repo update zz --repository-config named.yaml
repo update gone --repository-config named.yaml
repo update gone --repository-config named.yaml --fail-on-repo-update-fail
repo update r --repository-config named.yaml ; pull r/c --repository-config named.yaml
repo update r --repository-config named.yaml ; pull r/c --version 9 --repository-config named.yaml
repo update r --repository-config named.yaml ; pull r/zz --repository-config named.yaml
repo update r --repository-config named.yaml ; pull r/c --version bogus --repository-config named.yaml
repo update r --repository-config named.yaml ; pull r/c --untar -d emptydir --repository-config named.yaml
repo update r --repository-config named.yaml ; template x r/c --repository-config named.yaml
repo update r --repository-config named.yaml ; template x r/c --version 9 --repository-config named.yaml
repo update r --repository-config named.yaml ; show chart r/c --repository-config named.yaml
dependency update named
dependency build named
pull oci://REPO/charts/c --plain-http
pull oci://REPO/charts/c --plain-http --version 0.1.0
pull oci://REPO/charts/c:0.1.0 --plain-http
pull oci://REPO/charts/c --plain-http --untar -d emptydir
pull oci://REPO/charts/c --plain-http -d nodir
pull oci://REPO/charts/c --plain-http --version 9.9.9
pull oci://REPO/charts/c --plain-http --version ^9
pull oci://REPO/charts/zz --plain-http
pull oci://REPO/charts/zz --plain-http --version 1.0.0
pull oci://REPO/charts/u --plain-http
pull oci://REPO/charts/u --plain-http --version 1.2.3+b.5
pull oci://REPO/charts/u:1.2.3+b.5 --plain-http
template x oci://REPO/charts/u --plain-http --version ^1
dependency update under --plain-http
pull oci://REPO/charts/c --plain-http --version 7
pull oci://REPO/charts/c:7 --plain-http
template x oci://REPO/charts/zz --plain-http --version v1
pull oci://REPO/charts/c@sha256:f59d457cb079ba6164ffd75b68759ce791a282032f11d5f300d48c3e98b7efc1 --plain-http
pull oci://REPO/charts/c:9@sha256:f59d457cb079ba6164ffd75b68759ce791a282032f11d5f300d48c3e98b7efc1 --plain-http --untar
show chart oci://REPO/charts/c@sha256:f59d457cb079ba6164ffd75b68759ce791a282032f11d5f300d48c3e98b7efc1 --plain-http --version 0.1.0
show chart oci://REPO/charts/c@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --plain-http --version 0.1.0
pull oci://REPO/charts/c@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --plain-http
pull oci://REPO/charts/c@sha256:00 --plain-http
pull oci://REPO/charts/c@md5:00 --plain-http
pull oci://REPO/charts/C --plain-http
pull oci://REPO --plain-http
pull oci://127.0.0.1:1/x --plain-http
pull oci://127.0.0.1:1/x --plain-http --version 1.0.0
pull oci://127.0.0.1:1/x
push packed.tgz oci://127.0.0.1:1/x --plain-http
push packed.tgz oci://127.0.0.1:1/x
push packed.tgz http://x
push packed.tgz ftp://x
push packed.tgz oci://127.0.0.1:1/x --version 1
push packed.tgz oci://127.0.0.1:1/x --verify
push packed.tgz oci://127.0.0.1:1/x --keyring k
push packed.tgz oci://127.0.0.1:1/x --pass-credentials
dependency build two
dependency build nobody
dependency update two
template x c --content-cache d
template x c --server-side
push packed.tgz x
push packed.tgz
push none.tgz oci://127.0.0.1:1/x --plain-http
push nothere.tgz oci://127.0.0.1:1/x --plain-http
push no.tgz oci://127.0.0.1:1/x --plain-http
push up.tgz oci://127.0.0.1:1/x --plain-http
push c oci://127.0.0.1:1/x
push nothere http://x
push packed.tgz oci://REPO/refused --plain-http
repo add r http://REPO
repo add r http://REPO ; repo list
repo add r http://REPO ; repo add r http://REPO
repo add r http://REPO ; repo add r http://REPO/other
repo add r http://REPO ; repo add r http://REPO/none --force-update
repo add r http://REPO/none
repo add r http://REPO/broken
repo add r http://REPO/noapi
repo add r http://REPO/empty
repo add r http://127.0.0.1:1
repo add r nonsense
repo add r/s http://REPO
repo add r
repo list
repo list -o json
repo list -o yaml
repo list -o bogus
repo list --repository-config named.yaml
repo list --repository-config named.yaml -o yaml
repo list extra
repo remove r
repo remove zz --repository-config named.yaml
repo remove
repo update
repo update zz
repo index
repo index nodir
repo index emptydir
repo index emptydir extra
repo index emptydir --merge nothere.yaml
package c
package c -d q
package endless
package c -d emptydir
package c --version 2.0.0
package c --version 2.0.0+meta -d emptydir
package c --version x
package c --app-version 7
package c --version 1.2.3 --app-version 7 ; show chart c-1.2.3.tgz
package old
package lib
package local
package remote
package remote -u
package remote --dependency-update -d emptydir
package strange -u
package dead -u
package nover
package badver
package nothere
package emptydir
package nojson
package eof
package c old
package c nothere
package
package packed.tgz
package v.yaml
package c -d v.yaml
package c -d /proc/none
package no.tgz
show chart c
show values c
show readme c
show crds c
show all c
show chart packed.tgz
show values packed.tgz
show readme packed.tgz
show chart nothere
show chart emptydir
show chart up.tgz
show chart no.tgz
show chart none.tgz
show chart nochart.tgz
show chart v.yaml
show chart ./nothere
show chart nover
show chart c extra
show chart
show chart --repo http://REPO c
show chart --repo http://REPO zz
show chart c --version 9
show chart oci://REPO/charts/c --plain-http
show chart http://REPO/c-0.1.0.tgz
show values c --jsonpath {.x}
show values c --jsonpath {.y}
show values c --jsonpath {
show chart c --jsonpath {.x}
dependency list c
dependency list local
dependency list remote
dependency list bogus
dependency list bogus2
dependency list unpacked
dependency list norepo
dependency list nothere
dependency list emptydir
dependency list packed.tgz
dependency list up.tgz
dependency list a b
dependency list remote --max-col-width 10
dependency list remote --max-col-width x
dependency build local
dependency build local --skip-refresh
dependency build remote
dependency build far
dependency build strange
dependency build dead
dependency build broken
dependency build norepo
dependency build unpacked
dependency build nofile
dependency build stale
dependency build oci --plain-http
dependency build nothere
dependency build emptydir
dependency build c
dependency build bogus
dependency update local
dependency update remote
dependency update remote ; dependency build remote ; dependency list remote
dependency update remote ; template x remote --kube-version 1.35.0
dependency update far
dependency update strange
dependency update dead
dependency update broken
dependency update norepo
dependency update nofile
dependency update bogus
dependency update oci --plain-http
dependency update nothere
dependency update emptydir
dependency update c
dependency update packed.tgz
dependency update a b
dependency update lib
lint c
lint eof
lint nojson
lint no.tgz
lint up.tgz
lint none.tgz
lint nochart.tgz
lint nothere.tgz
lint packed.tgz
lint deep.tgz
lint nothere
lint emptydir
lint v.yaml
lint c -f nothere
lint c -f bad.yaml
lint c -f list.yaml
lint c --set x
lint c --set-json x
lint c --kube-version x
lint c --strict=x
lint c old nothere
lint nover
lint badver
lint --bogus
lint ignoring
lint ignoring2
template x ignoring
template x plain --set a[0]b=1
template x plain --set 'a[0]é "=1'
template x plain --set a[=
template x plain --set a[0][=
template x plain --set a[0]
template x plain --set a[x]=1
template x plain --kube-version 1.30.04
template x plain --kube-version 1.030
template x plain --kube-version 01.30
template x plain --kube-version 18446744073709551615.30
template x plain --kube-version 18446744073709551616.30
template x plain --kube-version 1.99999999999999999999-a
template x eof
template x nojson
template x nover
template x badver
template x emptydir
template x up.tgz
template x none.tgz
template x nochart.tgz
template x no.tgz
template x deep.tgz
template x c -f nullkey.yaml
template x c -f nullkey1.yaml
template x c -f boolkey.yaml
template x c -f escape.yaml
template x c -f escape1.yaml
template x c -f bad.yaml
template x c -f list.yaml
template x c -f nothere.yaml
template x c -f emptydir
template x c -f http://127.0.0.1:1/x
template x c -f http://REPO/none
template x c -f http://REPO/values.yaml
template x c -f ftp://127.0.0.1/x
template x c -f https://REPO/values.yaml
template x c --set-file x=nothere
template x c --set-file x=http://127.0.0.1:1/x
template x c --set-file x
template x c --set x
template x c --set x[0
template x c --set x[a]=1
template x c --set-json x=
template x c --set-json x={
template x c --set-json x
template x c --set-literal x
template x c --set-string x
template x c --output-dir /proc/none
template x c --output-dir v.yaml
template x c --output-dir v.yaml/x
template x plain --output-dir taken
template x c --output-dir out
template x c --output-dir out --include-crds --release-name
template x c --validate --kubeconfig nothere
template x c --validate
template x c --dry-run=server --kubeconfig nothere
template x c --dry-run=bogus
template x c --kube-context nothere --validate
template x c --repo http://REPO --version 9
template x c --repo http://REPO
template x zz --repo http://REPO
template x zz --repo http://REPO --version 1
template x c --repo http://127.0.0.1:1
template x pre --repo http://REPO/none
template x nothere
template x ./nothere
template x nothere/c
template x http://127.0.0.1:1/c.tgz
template x oci://127.0.0.1:1/x --plain-http
template x oci://REPO/charts/c --plain-http
template x lib
template x local
template x remote
template x remote --dependency-update
template x far --dependency-update
template Bad_Name c
template c --name-template {{
template c --name-template {{.x}}
template c --name-template {{nofunc}}
template x c --name-template y
template c --name-template '{{ env "NOTHERE" }}x'
template c --name-template '{{ expandenv "a-$NOTHERE-${NOTHERE}-$.$-${" }}'
template c --name-template '{{ toYaml 1 }}'
template c --name-template '{{ include "x" . }}'
template c --name-template 'a"b'
template c --name-template ''
template '' c
template x c --output-dir ''
template x c --output-dir out -s templates/a.yaml
template x c --output-dir out -s templates/none.yaml
template x c --repo ''
template x c --dry-run=
template x c -f ''
template x c --kubeconfig ''
template x ''
show values ''
lint ''
dependency list ''
dependency update ''
package ''
package c -d ''
package c --version ''
repo index ''
pull ''
template x c -g
template x c extra
template
template x c -s nothere
template x c -s templates/a.yaml
template x c -s templates/[
template x c --labels a
template x c --labels a=b
template x c -l a=b,c
template x c -l a=b,c=d
template x c --labels ""
template x c --labels =b
template x c --bogus
template x c --bogus=1
template x c -Z
template x c -nZ
template x c -gZ
template x c --set
template x c -f
template x c -s
template x c --timeout x
template x c --timeout 5
template x c --timeout
template x c --timeout 5m
template x c --debug=maybe
template x c --include-crds=maybe
template x c --qps x
template x c --qps 1e3
template x c --burst-limit x
template x c --burst-limit 1.5
template x c --burst-limit 5
template x c --burst-limit 0x10
template x c --burst-limit 99999999999999999999
template x c --history-max 5
template x c --kube-version x
template x c --kube-version 1
template x c --kube-version v1.35
template x c --api-versions
template x c -a a/v1,b/v1
template x c --post-renderer nothere
template x c --post-renderer ./v.yaml
template x c --post-renderer ./emptydir
template x c --post-renderer ./v.yaml/x
template x c --post-renderer cat
template x c --post-renderer false
template x c --post-renderer ""
template x c --post-renderer cat --post-renderer cat
template x c --post-renderer-args x
template x c --set-string=
template x c -=x
template x c ---x
template x c --=x
template x c -- extra
template x c -s=templates/a.yaml
template x c -stemplates/a.yaml
template x c --wait=maybe
template x c --wait --wait-for-jobs --atomic --create-namespace --force --replace --take-ownership --hide-notes --disable-openapi-validation --render-subchart-notes --no-hooks --skip-tests --skip-crds --description d --dependency-update
template x c --namespace
template x c --kube-as-group a --kube-as-group b
template x c --verify
template x c --keyring nothere
template x c --username u --password p
template x c --ca-file nothere
template x c --repo http://REPO --ca-file nothere
template x c --cert-file nothere --key-file nothere --repo http://REPO
template x c --description
version --short
version
version --client --short
version --template {{.Version}}
version --template "{{.Version}} {{.Foo}}"
version --template {{.Version
version --template "{{ .GoVersion | upper }}"
version extra
version --bogus
version --short=x
bogus
templat x c
lnt
pul c
--bogus
--namespace
-n
--debug=x
--version
template --repo
show --bogus
show chart --bogus c
dependency --bogus
dep list c
dependencies ls c
dep up remote
inspect chart c
fetch c --repo http://REPO
repo ls
repo rm r
repo up
package c --bogus
pull --bogus
push --bogus
repo add --bogus
repo list --bogus
repo list --output
lint --set
-n y template x plain
--debug=false template x plain
-n=y template x plain -s templates/a.yaml
template x plain -g=maybe
template x plain -f 'a"b'
template x plain -f '"a'
template x plain -f '"v.yaml"'
template x plain -f v.yaml,nothere
template x plain -f ""
template x plain -a ""
template x plain --labels a=b
template x plain -l a=b,c
template x plain -l a=b,c=d
template x plain --qps 1e3
template x plain --burst-limit 0x10
template x plain -nZ
template x plain --set-string=
template x plain --post-renderer cat --post-renderer cat
template x plain --post-renderer ""
template x plain --post-renderer-args x
template x plain -s=templates/a.yaml
template x plain -stemplates/a.yaml
template x plain -s nothere
template x plain -s templates/[
template x plain --include-crds=false --debug=F
template x plain --repo http://REPO
template x plain --kube-as-group a --kube-as-group b
template x plain --name-template y
template plain --name-template {{.x}}
template plain -g --name-template y
template Bad_Name plain
template x links
lint links
package links -d q
template x mono/app
template x linked
lint mono/app
lint linked
package mono/app -d q
show values mono/app
dependency list mono/app
template x dangling
lint dangling
package dangling
template x circle
lint parent --with-subcharts
lint parent --with-subcharts --quiet
lint ./parent/ mono/app --with-subcharts
lint parent/charts --with-subcharts
lint --with-subcharts
template x plain --dry-run
template x plain --dry-run client
template x plain --dry-run=client
template x plain --validate --kubeconfig kube/none.yaml
template x plain --dry-run=server --kubeconfig kube/none.yaml
template x plain --validate --kubeconfig kube/none.yaml --kube-apiserver http://127.0.0.1:1
template x plain --validate --kubeconfig kube/none.yaml --kube-as-group g
template x plain --validate --kubeconfig kube/context.yaml
template x plain --dry-run=server --kubeconfig kube/context.yaml
template x plain --validate --kubeconfig kube/context.yaml --kube-as-group g
template x plain --validate --kubeconfig kube/cluster.yaml
template x plain --dry-run=server --kubeconfig kube/cluster.yaml --kube-context zz
template x plain --dry-run=server --kubeconfig kube/cluster.yaml --kube-as-group g
template x plain --dry-run=server --kubeconfig kube/cluster.yaml --kube-as-group g --kube-as-user v
template x plain --validate --kube-as-group g
template x plain --version bogus
template x plain --version 9
repo list --url x
repo index emptydir --output json
repo add r http://REPO --ca-file nothere
repo add r http://REPO --username u --password p ; repo list --username u
dependency list remote --verify
show chart c --ca-file nothere
pull c --ca-file nothere --repo http://REPO
push packed.tgz oci://REPO/x --ca-file nothere
package c --keyring nothere
package c --passphrase-file nothere
template x c --ca-file text.txt
template x c --cert-file text.txt --key-file text.txt
template x c --cert-file nothere
pull packed.tgz
pull ./packed.tgz
pull c/d/e
pull
"""
# Helm names a file of its cache there, of which we have none: we name the dependency, its repository and what was tried.
OWN_WORDS = ("package dead -u", "dependency build dead", "dependency build broken", "dependency update dead", "dependency update broken")
COMMANDS = [line for line in HELM.strip().splitlines() if line]


def packed(name, files):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text)
            out.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(tar.getvalue(), mtime=0)


def index(*versions):
    charts = "".join(f"  - {{apiVersion: v2, name: c, version: {v}, urls: [{u}]}}\n" if u else f"  - {{apiVersion: v2, name: c, version: {v}}}\n" for v, u in versions)
    return f"apiVersion: v1\nentries:\n  c:\n{charts}  pre:\n  - {{apiVersion: v2, name: pre, version: 1.0.0-beta, urls: [c-0.1.0.tgz]}}\n"


def served():
    """Path to (type, bytes): a repository at /, bad ones below, a registry at /v2/."""
    chart = packed("c", CHART)
    files = {"/index.yaml": index(("0.1.0", "c-0.1.0.tgz")), "/broken/index.yaml": "not: [yaml\n", "/noapi/index.yaml": "entries: {}\n",
             "/empty/index.yaml": "", "/nourl/index.yaml": index(("0.1.0", "")), "/goneurl/index.yaml": index(("0.1.0", "gone.tgz")),
             "/values.yaml": "x: 5\n", "/v2/": "{}", "/v2/charts/c/tags/list": '{"name": "charts/c", "tags": ["0.1.0"]}',
             "/v2/charts/u/tags/list": '{"name": "charts/u", "tags": ["1.2.3_b.5"]}'}
    out = {path: ("text/plain", text.encode()) for path, text in files.items()}
    out["/c-0.1.0.tgz"] = ("application/gzip", chart)
    out |= registry("c", "0.1.0", chart) | registry("u", "1.2.3+b.5", packed("u", {"Chart.yaml": meta("u", "1.2.3+b.5")}))
    return out


def registry(chart, version, archive):
    """What a registry tells of one version: "+" is no part of a tag."""
    layer, config = "sha256:" + hashlib.sha256(archive).hexdigest(), b'{"name":"%s","version":"%s","apiVersion":"v2"}' % (chart.encode(), version.encode())
    name = "sha256:" + hashlib.sha256(config).hexdigest()
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                           "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": name, "size": len(config)},
                           "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": layer, "size": len(archive)}]}).encode()
    digest = "sha256:" + hashlib.sha256(manifest).hexdigest()
    out = {f"/v2/charts/{chart}/manifests/{one}": (MANIFEST, manifest) for one in (version.replace("+", "_"), digest)}
    return out | {f"/v2/charts/{chart}/blobs/{one}": ("application/octet-stream", data) for one, data in ((layer, archive), (name, config))}


class Server(http.server.BaseHTTPRequestHandler):
    pages = served()

    def answer(self, body):
        path = self.path.split("?")[0]
        kind, data = self.pages.get(path, ("text/plain", None))
        status = 200
        if data is None and path.startswith("/v2/refused/"):
            status, data = 403, b'{"errors": [{"code": "DENIED", "message": "requested access to the resource is denied"}]}'
        elif data is None and path.startswith("/v2/"):
            status, kind = 404, "application/json"
            data = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}' if "/manifests/" in path else \
                b'{"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known to registry", "detail": {"of": [1, true]}}]}'
        elif data is None:
            status, data = 404, b"nothing here\n"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if kind == MANIFEST:
            self.send_header("Docker-Content-Digest", "sha256:" + hashlib.sha256(data).hexdigest())
        self.end_headers()
        if body:
            self.wfile.write(data)

    def do_GET(self):
        self.answer(True)

    def do_HEAD(self):
        self.answer(False)

    def do_POST(self):
        self.answer(True)

    def log_message(self, *arguments):
        pass


def left(home, before):
    """What is new below the folder, archives with what they hold, caches and settings aside."""
    out = []
    for at, _, names in os.walk(home):
        for name in names:
            file = os.path.relpath(os.path.join(at, name), home)
            if file in before or file.startswith("."):
                continue
            if file.endswith(".tgz"):
                with tarfile.open(os.path.join(home, file)) as tar:
                    file += ": " + " ".join(tar.getnames())
            out.append(file)
    return sorted(out)


def run(program, line, port):
    with tempfile.TemporaryDirectory(prefix="helm-commands-") as home:
        for name, text in FILES.items():
            file = os.path.join(home, name)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w", encoding="utf-8") as out:
                out.write(text.replace("REPO", f"127.0.0.1:{port}"))
        for name, files in ARCHIVES.items():
            os.makedirs(os.path.dirname(os.path.join(home, name)), exist_ok=True)
            with open(os.path.join(home, name), "wb") as out:
                out.write(packed("c", files))
        for name, target in LINKS.items():
            os.makedirs(os.path.dirname(os.path.join(home, name)), exist_ok=True)
            os.symlink(target, os.path.join(home, name))
        before = set(LINKS) | set(FILES) | set(ARCHIVES)
        env = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": os.path.join(home, ".tmp"),
               "KUBECONFIG": os.path.join(home, ".kubeconfig")}
        os.mkdir(env["TMPDIR"])

        def plain(text):
            text = text.replace(os.path.realpath(home), "HOME").replace(f"127.0.0.1:{port}", "REPO")
            text = text.split("\nslipway: why:\n")[0] if "slipway" in program[0] else text
            text = re.sub(r"(\.tgz|\.yaml)\d+:", r"\1:", text)  # a name made up for a file that is being written
            text = re.sub(r"manifests/sha256:[0-9a-f]{64}", "manifests/DIGEST", text)  # Helm writes the time into it
            text = re.sub(r"HOME/\.tmp/helm-lint\d+/c|HOME/packed\.tgz|HOME/parent/charts/\S+?gz", "CHART", text) if line.startswith("lint") else text
            return text

        for part in line.replace("{HOME}", home).replace("REPO", f"127.0.0.1:{port}").split(" ; "):
            done = subprocess.run([*program, *shlex.split(part)], cwd=home, env=env, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=120)
        err = "(own words)\n" if line in OWN_WORDS and done.returncode == 1 else plain(done.stderr)
        return {"code": done.returncode, "out": plain(done.stdout), "err": err, "files": left(home, before)}


def differences(slipway, lines):
    """What is told of each of these command lines that is not as recorded."""
    with open(RECORDED, encoding="utf-8") as file:
        recorded = json.load(file)
    wrong = []
    for line, ours in answers([slipway, "helm"], lines).items():
        want = recorded[line]
        if want != ours:
            parts = [f"  {key}: Helm    {want[key]!r}\n  {key}: slipway {ours[key]!r}" for key in want if want[key] != ours[key]]
            wrong.append("\n".join([f"helm {line}", *parts]))
    return wrong


def answers(program, lines):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        return {line: run(program, line, server.server_port) for line in lines}
    finally:
        server.shutdown()


def main():
    words = sys.argv[1:]
    if not os.path.exists(compare.peer("helm")):
        print(f"skipped: no {compare.peer('helm')}; tests/peers/install builds it (tests/e2e/helm_test.py runs a part of what it said)")
        return 77
    record = "--record" in words
    words = [word for word in words if word != "--record"]
    lines = [line for line in COMMANDS if not words or any(word in line for word in words)]
    if record:
        with open(RECORDED, encoding="utf-8") as file:
            recorded = json.load(file) if words else {}
        said = answers([compare.peer("helm")], lines)
        kept = {line: said.get(line) or recorded[line] for line in COMMANDS if line in said or line in recorded}
        with open(RECORDED, "w", encoding="utf-8") as out:
            json.dump(kept, out, indent=1, ensure_ascii=False)
            out.write("\n")
        return 0
    wrong = differences(os.environ.get("SLIPWAY", os.path.join(compare.ROOT, "build", "dev", "slipway")), lines)
    print("\n".join(wrong + [f"{len(lines) - len(wrong)} of {len(lines)} as recorded"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
