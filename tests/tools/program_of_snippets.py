"""Makes a program of a guide's C++ snippets: program_of_snippets.py GUIDE.md OUTPUT.cpp.

The snippet before the first `## ` heading is what the program includes; those of the first section are seen by all others; each of the others
is a block of its own."""

import pathlib
import re
import sys

HEAD = """
namespace {
keyfold::Outcome follow(const std::string& key, const std::string& frankfurt, const std::string& dublin, const std::string& folder) {
"""
TAIL = """
return keyfold::ok();
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto outcome = follow(argv[1], argv[2], argv[3], argv[4]);
  if (outcome) return 0;
  std::cerr << outcome.error().message << '\\n';
  return 1;
}
"""


def snippets(text):
    """For each section its snippets: the number of the line that each begins on, and its text."""
    sections, inside = [[]], None
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if inside is not None:
            if line.startswith("```"):
                sections[-1].append(inside)
                inside = None
            else:
                inside = (inside[0], inside[1] + line)
        elif line == "```cpp\n":
            inside = (number + 1, "")
        elif line.startswith("## "):
            sections.append([])
    return [section for section in sections if section]


def program(guide, name):
    def located(snippet):
        return f'#line {snippet[0]} "{name}"\n{snippet[1]}'

    (includes,), connecting, *others = snippets(guide)
    parts = [located(includes), HEAD, *map(located, connecting)]
    for section in others:
        parts += [f"{{\n{located(snippet)}}}\n" for snippet in section]
    return "".join(parts) + TAIL


if __name__ == "__main__":
    source, output = map(pathlib.Path, sys.argv[1:])
    output.write_text(program(source.read_text(), f"{source.parent.name}/{source.name}"))
