"""The International Code of Signals, as far as a hoist of letters and digits needs it, drawn as SVG.

A flag is 60 by 60 and a list of shapes: ("r", x, y, width, height, colour), ("p", points, colour), ("c", x, y, radius, colour).
"""
from html import escape

PALETTES = {
    "bright": {"w": "#ffffff", "k": "#111111", "r": "#d8122d", "b": "#0a3fa8", "y": "#ffd21f"},
    "faded": {"w": "#f1ede2", "k": "#4a4640", "r": "#b0726d", "b": "#6d7fa3", "y": "#d9c88a"},
}


def across(*stripes):  # equal stripes, top to bottom
    height = 60 / len(stripes)
    return [("r", 0, i * height, 60, height, colour) for i, colour in enumerate(stripes)]


def along(*stripes):  # equal stripes, mast to fly
    width = 60 / len(stripes)
    return [("r", i * width, 0, width, 60, colour) for i, colour in enumerate(stripes)]


def quarters(upper_mast, upper_fly, lower_mast, lower_fly):
    return [("r", 0, 0, 30, 30, upper_mast), ("r", 30, 0, 30, 30, upper_fly), ("r", 0, 30, 30, 30, lower_mast), ("r", 30, 30, 30, 30, lower_fly)]


def plain(colour):
    return [("r", 0, 0, 60, 60, colour)]


def cross(ground, colour):
    return plain(ground) + [("r", 24, 0, 12, 60, colour), ("r", 0, 24, 60, 12, colour)]


def saltire(ground, colour):
    return plain(ground) + [("p", "0,0 9,0 60,51 60,60 51,60 0,9", colour), ("p", "60,0 60,9 9,60 0,60 0,51 51,0", colour)]


FLAGS = {  # letter: word, what the flag alone says at sea, shapes
    "A": ("Alfa", "I have a diver down; keep clear at slow speed", along("w", "b")),
    "B": ("Bravo", "I carry dangerous goods", plain("r")),
    "C": ("Charlie", "Yes", across("b", "w", "r", "w", "b")),
    "D": ("Delta", "Keep clear of me; I manoeuvre with difficulty", across("y", "b", "b", "y")),
    "E": ("Echo", "I am turning to starboard", across("b", "r")),
    "F": ("Foxtrot", "I am disabled; talk to me", plain("w") + [("p", "30,0 60,30 30,60 0,30", "r")]),
    "G": ("Golf", "I need a pilot", along("y", "b", "y", "b", "y", "b")),
    "H": ("Hotel", "I have a pilot on board", along("w", "r")),
    "I": ("India", "I am turning to port", plain("y") + [("c", 30, 30, 16, "k")]),
    "J": ("Juliett", "I am on fire; keep well clear", across("b", "w", "b")),
    "K": ("Kilo", "I wish to talk to you", along("y", "b")),
    "L": ("Lima", "Stop at once", quarters("y", "k", "k", "y")),
    "M": ("Mike", "My vessel is stopped", saltire("b", "w")),
    "N": ("November", "No", [("r", x * 15, y * 15, 15, 15, "wb"[(x + y + 1) % 2]) for x in range(4) for y in range(4)]),
    "O": ("Oscar", "Man overboard", plain("y") + [("p", "0,0 60,0 60,60", "r")]),
    "P": ("Papa", "All aboard, we are about to sail", plain("b") + [("r", 20, 20, 20, 20, "w")]),
    "Q": ("Quebec", "My vessel is healthy; let me in", plain("y")),
    "R": ("Romeo", "Received", cross("r", "y")),
    "S": ("Sierra", "My engines go astern", plain("w") + [("r", 20, 20, 20, 20, "b")]),
    "T": ("Tango", "Keep clear of me; I am trawling", along("r", "w", "b")),
    "U": ("Uniform", "You are running into danger", quarters("r", "w", "w", "r")),
    "V": ("Victor", "I need help", saltire("w", "r")),
    "W": ("Whiskey", "I need a doctor", plain("b") + [("r", 12, 12, 36, 36, "w"), ("r", 23, 23, 14, 14, "r")]),
    "X": ("Xray", "Stop what you are doing and watch for my signals", cross("w", "b")),
    "Y": ("Yankee", "My anchor is dragging",
          plain("y") + [("p", f"{a},0 {a + 12},0 0,{a + 12} 0,{a}", "r") for a in (0, 24, 48)]
          + [("p", f"60,{a} 60,{a + 12} {a + 12},60 {a},60", "r") for a in (12, 36)]),
    "Z": ("Zulu", "I need a tug",
          [("p", "0,0 60,0 30,30", "y"), ("p", "60,0 60,60 30,30", "b"), ("p", "0,60 60,60 30,30", "r"), ("p", "0,0 0,60 30,30", "k")]),
    "0": ("Nadazero", "", along("y", "r", "y")),
    "1": ("Unaone", "", plain("w") + [("c", 20, 30, 10, "r")]),
    "2": ("Bissotwo", "", plain("b") + [("c", 20, 30, 10, "w")]),
    "3": ("Terrathree", "", along("r", "w", "b")),
    "4": ("Kartefour", "", plain("r") + [("r", 16, 0, 9, 60, "w"), ("r", 0, 25, 60, 10, "w")]),
    "5": ("Pantafive", "", along("y", "b")),
    "6": ("Soxisix", "", across("k", "w")),
    "7": ("Setteseven", "", across("y", "r")),
    "8": ("Oktoeight", "", plain("w") + [("r", 16, 0, 9, 60, "r"), ("r", 0, 25, 60, 10, "r")]),
    "9": ("Novenine", "", quarters("w", "k", "r", "y")),
}
OUTLINES = {"square": "0,0 60,0 60,60 0,60", "tail": "0,0 60,0 40,30 60,60 0,60", "pennant": "0,8 60,20 60,40 0,52"}  # digits are pennants


def spell(text):
    return [FLAGS[letter][0] for letter in text.upper() if letter in FLAGS]


def outline(letter):
    if letter.isdigit():
        return "pennant"
    return "tail" if letter in "AB" else "square"


def draw_flag(letter, colours, x, y):
    word, meaning, shapes = FLAGS[letter]
    parts = [f'<g transform="translate({x},{y})"><title>{escape(f"{word}: {meaning}" if meaning else word)}</title>',
             f'<g clip-path="url(#{outline(letter)})">']
    for kind, *place, colour in shapes:
        fill = colours[colour]
        if kind == "r":
            parts.append('<rect x="%g" y="%g" width="%g" height="%g" fill="%s"/>' % (*place, fill))
        elif kind == "c":
            parts.append('<circle cx="%g" cy="%g" r="%g" fill="%s"/>' % (*place, fill))
        else:
            parts.append(f'<polygon points="{place[0]}" fill="{fill}"/>')
    parts.append(f'</g><polygon points="{OUTLINES[outline(letter)]}" fill="none" stroke="#0003"/></g>')
    return "".join(parts)


def draw(text, palette):
    """Each word is a halyard of its own, read from the top; halyards stand side by side, mast to the left."""
    colours = PALETTES.get(palette, PALETTES["faded"])
    words = ["".join(letter for letter in word if letter in FLAGS) for word in text.upper().split()]
    words = [word for word in words if word]
    width, height = 20 + 90 * len(words), 40 + 68 * max(map(len, words))
    clips = "".join(f'<clipPath id="{name}"><polygon points="{points}"/></clipPath>' for name, points in OUTLINES.items())
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
             f"<title>{escape(text)}</title><defs>{clips}</defs>"]
    for column, word in enumerate(words):
        x = 20 + 90 * column
        parts.append(f'<path d="M{x - 2} 8V{height - 8}" stroke="#8a6d3b" stroke-width="3" stroke-linecap="round"/>')
        parts += [draw_flag(letter, colours, x, 20 + 68 * row) for row, letter in enumerate(word)]
    return "".join(parts) + "</svg>"
