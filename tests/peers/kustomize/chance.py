"""Chance, and the words that the cases are made of."""
from .writer import Scalar, Yaml

NAMES = ["web", "db", "cache", "app", "api"]
NAMESPACES = ["prod", "dev", "default"]
ODD = ["yes", "no", "on", "off", "y", "n", "true", "null", "~", "1", "0x1f", "0777", "0o17", "1e3", "1.0", "1_000", "-0", ".5", "12345678901234567890", "9007199254740993", "1000000",
       "2020-01-01", "2020-01-01T10:00:00Z", "", " ", "a: b", "a #b", "#c", "- x", "{a}", "[a]", "*a", "&a", "!x", "%x", "@x", "`x`", "a'b", 'a"b', "a\\b",
       "tab\there", "two\nlines", "two\nlines\n", "\nlead", "trail \nx", "long " * 30, "x" * 100, "é ü", "日本", "\u2028", "\x7f", "=", "<<", "1:2:3", "12:30",
       "$(VAR_A)", "$$(VAR_A)", "$(VAR_A)-$(VAR_B)", "a\r\nb", "key=value", "---", "...", "? x", "a:", ":a", "|", ">", "0b11", "+1", "1.50", "1.0e-7", "Infinity", "NaN", "<b>&"]


class Chance:
    """Draws from self.rng; self.risk is how often something is made that will be refused, self.odd whether odd texts come up."""

    def chance(self, p):
        return self.rng.random() < p

    def risky(self):
        return self.rng.random() < self.risk

    def pick(self, items):
        return self.rng.choice(items)

    def some(self, items, low, high):
        items = list(items)
        return self.rng.sample(items, min(len(items), self.rng.randint(low, high)))

    def text(self):
        if self.odd and self.chance(0.5):
            return self.pick(ODD)
        return self.pick(["v", "value", "hello world", "x-1", "10", "a/b", "http://web:80/x", "$(VAR_A)", "one\ntwo\n", "web", "db"])

    def label(self):
        if self.risky():
            return self.pick([1, True, None, "", Scalar("yes")])
        return self.pick(["a", "b", "prod", "1", "yes", "v1.2", "web"])

    def pairs(self, low=1, high=2):
        return {k: self.label() for k in self.some(["app", "tier", "env", "team", "a.b/c", "version"], low, high)}

    def likely(self):
        """What usually goes well: not quite always, and less often in cases of more risk."""
        return not self.risky() and self.rng.random() < 0.985

    def fresh(self, stem):
        self.counter += 1
        return f"{stem}{self.counter}"

    def put(self, path, text):
        self.files[path] = text

    def beside(self, path, stem, v):
        """The name of a new file in the folder `path` that holds the value."""
        name = self.fresh(stem) + ".yaml"
        self.put(f"{path}/{name}", Yaml(self.rng, False).document(v))
        return name
