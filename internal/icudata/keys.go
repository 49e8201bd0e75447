package icudata

import "strings"

// keyTypeData is the bundle with which ICU translates between the keys of BCP 47, as in und-u-ks-level2, and its own, as
// in @colStrength=secondary. It has those that matter to a collation: the settings of Unicode Technical Standard #35,
// part 5 (Collation), and the kinds of collations, as in de-u-co-phonebk. ICU takes any other key as it is.
//
// An empty string says that both names are the same.
func keyTypeData() table {
	return table{
		"keyMap": table{
			"colalternate": "ka", "colbackwards": "kb", "colcasefirst": "kf", "colcaselevel": "kc",
			"colhiraganaquaternary": "kh", "collation": "co", "colnormalization": "kk", "colnumeric": "kn",
			"colreorder": "kr", "colstrength": "ks", "kv": "", "variabletop": "vt",
		},
		"typeMap": table{
			"colalternate":          table{"non-ignorable": "noignore", "shifted": ""},
			"colbackwards":          truth,
			"colcasefirst":          table{"lower": "", "no": "false", "upper": ""},
			"colcaselevel":          truth,
			"colhiraganaquaternary": truth,
			"colnormalization":      truth,
			"colnumeric":            truth,
			"colreorder":            table{"currency": "", "digit": "", "punct": "", "space": "", "symbol": "", anyScript: ""},
			"colstrength": table{
				"primary": "level1", "secondary": "level2", "tertiary": "level3", "quaternary": "level4", "identical": "identic",
			},
			"collation": table{
				"big5han": "", "compat": "", "dictionary": "dict", "direct": "", "ducet": "", "emoji": "", "eor": "",
				"gb2312han": "gb2312", "phonebook": "phonebk", "phonetic": "", "pinyin": "", "reformed": "", "search": "",
				"searchjl": "", "standard": "", "stroke": "", "traditional": "trad", "unihan": "", "zhuyin": "",
			},
			"kv":          table{"currency": "", "punct": "", "space": "", "symbol": ""},
			"variabletop": table{anyCodePoints: ""},
		},
		"typeAlias": table{"colstrength": table{"quarternary": "quaternary"}},
		"keyInfo": table{
			"deprecated": table{"kh": "true", "vt": "true"},
			"valueType":  table{"kr": "multiple", "vt": "multiple"},
		},
		"typeInfo": table{"deprecated": table{"co": table{"direct": "true", "reformed": "true"}}},
	}
}

// truth are the values of a setting that is on or off.
var truth = table{"no": "false", "yes": "true"}

// Types that stand for many (ICU's uloc_keytype.cpp).
const (
	anyScript     = "REORDER_CODE"
	anyCodePoints = "CODEPOINTS"
)

// HasAttributes reports whether a locale, as BCP 47 writes it, has attributes that ICU knows from the keys of
// [Supplement] only.
func HasAttributes(locale string) bool {
	_, extension, _ := strings.Cut(strings.ToLower(locale), "-u-")
	for part := range strings.SplitSeq(extension, "-") {
		if len(part) == 1 { // another extension
			return false
		}
		if len(part) == 2 && (part[0] == 'k' || part == "vt") {
			return true
		}
	}
	return false
}
