package embed

import (
	"regexp"
	"strings"
)

// heading is a line such as "## Orbits ##", as CommonMark has it. Headings that
// are underlined are text here.
var heading = regexp.MustCompile(`^ {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#*)?[ \t]*$`)

// fence begins and ends a block of code, in which # is no heading.
var fence = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")

// markdownSections divides a text before each heading.
func markdownSections(text string) []section {
	var sections []section
	var path []string // headings by level
	current, at, code := section{}, 0, ""
	end := func() {
		if at > current.start {
			current.text = text[current.start:at]
			sections = append(sections, current)
		}
	}
	for line := range strings.Lines(text) {
		plain := strings.TrimRight(line, "\r\n")
		if m := fence.FindStringSubmatch(plain); m != nil {
			switch {
			case code == "":
				code = m[1]
			case strings.HasPrefix(m[1], code):
				code = ""
			}
		} else if m := heading.FindStringSubmatch(plain); m != nil && code == "" {
			end()
			level := len(m[1])
			for len(path) < level {
				path = append(path, "")
			}
			path = append(path[:level-1], strings.TrimSpace(m[2]))
			current = section{start: at, heading: join(path)}
		}
		at += len(line)
	}
	end()
	return sections
}

// join leaves out levels that have no heading.
func join(path []string) string {
	var list []string
	for _, h := range path {
		if h != "" {
			list = append(list, h)
		}
	}
	return strings.Join(list, " > ")
}
