"""Writes values as YAML in changing styles."""
import json, re


class Scalar(str):
    """Text that goes into the YAML as it is."""


class Yaml:
    """Writes values as YAML in changing styles."""

    def __init__(self, rng, odd):
        self.rng, self.odd = rng, odd

    def scalar(self, v, flow=False):
        rng = self.rng
        if isinstance(v, Scalar):
            return str(v)
        if v is None:
            return rng.choice(["null", "~"]) if self.odd else "null"
        if isinstance(v, (bool, int, float)):
            return json.dumps(v)
        plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./$()-]*", v) and v.lower() not in ("yes", "no", "on", "off", "y", "n", "true", "false", "null", "nan", "infinity")
        style = rng.random()
        if plain and style < 0.8:
            return v
        if style < 0.9 and v.isprintable() and v.isascii():
            return "'" + v.replace("'", "''") + "'"
        return json.dumps(v, ensure_ascii=rng.random() < 0.5).replace("\x7f", "\\x7f").replace("\u2028", "\\u2028")

    def flow(self, v):
        if isinstance(v, dict):
            return "{" + ", ".join(f"{self.key(k)}: {self.flow(x)}" for k, x in v.items()) + "}"
        if isinstance(v, list):
            return "[" + ", ".join(self.flow(x) for x in v) + "]"
        return self.scalar(v, True)

    def key(self, k):
        if isinstance(k, Scalar) or re.fullmatch(r"[A-Za-z$][A-Za-z0-9_./$-]*", k) and k not in ("y", "n", "on", "off", "yes", "no"):
            return str(k)
        return json.dumps(k)

    def comment(self):
        return "  # note" if self.odd and self.rng.random() < 0.05 else ""

    def block(self, v, indent):
        """Lines of a non-empty mapping or list."""
        rng, pad, out = self.rng, "  " * indent, []
        if isinstance(v, dict):
            for k, x in v.items():
                if self.odd and rng.random() < 0.03:
                    out.append(pad + "# a comment")
                out += self.entry(f"{pad}{self.key(k)}:", x, indent, True)
            return out
        for x in v:
            if isinstance(x, dict) and x and rng.random() < 0.8:
                lines = self.block(x, indent + 1)
                while lines and lines[0].lstrip().startswith("#"):
                    lines.pop(0)
                lines[0] = pad + "- " + lines[0][len(pad) + 2:]
                out += lines
            else:
                out += self.entry(f"{pad}-", x, indent, False)
        return out

    def entry(self, head, x, indent, in_map):
        rng = self.rng
        if isinstance(x, (dict, list)):
            if not x:
                return [f"{head} {'{}' if isinstance(x, dict) else '[]'}"]
            if rng.random() < (0.12 if self.odd else 0.03):
                return [f"{head} {self.flow(x)}"]
            deeper = indent + 1 if isinstance(x, dict) or not in_map or rng.random() < 0.5 else indent
            return [head] + self.block(x, deeper)
        if isinstance(x, str) and not isinstance(x, Scalar) and "\n" in x and rng.random() < 0.8 and not re.search(r"[\r\t\x7f\u2028]", x) and not x.startswith(("\n", " ")):
            body = x.rstrip("\n")
            tail = len(x) - len(body)
            mark = "|" + ("-" if tail == 0 else "" if tail == 1 else "+")
            if tail > 1:
                body += "\n" * (tail - 1)
            inner = "  " * (indent + 1)
            return [f"{head} {mark}"] + [inner + line if line else "" for line in body.split("\n")]
        if isinstance(x, str) and not isinstance(x, Scalar) and rng.random() < 0.03 and re.fullmatch(r"[a-z ]+", x) and x == x.strip() and "  " not in x:
            return [f"{head} >-", "  " * (indent + 1) + x]
        return [f"{head} {self.scalar(x)}".rstrip() + self.comment()]

    def document(self, v):
        if not v:
            return "{}\n" if self.rng.random() < 0.5 else "\n"
        if self.rng.random() < 0.04:
            return json.dumps(v, indent=self.rng.choice([None, 2])) + "\n" if not has_raw(v) else self.flow(v) + "\n"
        return "\n".join(self.block(v, 0)) + "\n"


def has_raw(v):
    if isinstance(v, dict):
        return any(isinstance(k, Scalar) or has_raw(x) for k, x in v.items())
    if isinstance(v, list):
        return any(has_raw(x) for x in v)
    return isinstance(v, Scalar)
