package icudata

import "strings"

// A tailoring is what a locale's bundle of collations holds, without the rules.
type tailoring struct {
	types  string // the kinds of collations for which there are rules
	usual  string // the kind that is meant without -u-co-; "" is standard
	parent string // the locale whose kinds it has too; "" is the one that the name tells
	sameAs string // the locale that is meant in place of this
}

// tailored are the locales whose order, or one of whose orders, is not that of the root collation: those with rules in
// Unicode's CLDR 46, common/collation, which is the data of ICU 76.
//
// GAP: PostgreSQL with all of ICU's data has collations of them.
var tailored = func() map[string]tailoring {
	all := map[string]tailoring{
		"ar":              {types: "compat standard"},
		"ars":             {sameAs: "ar"},
		"az":              {types: "search standard"},
		"bn":              {types: "standard traditional"},
		"bs":              {types: "search standard"},
		"ca":              {types: "search"},
		"da":              {types: "search standard"},
		"de":              {types: "phonebook search"},
		"de_AT":           {types: "phonebook"},
		"de__PHONEBOOK":   {usual: "phonebook"},
		"es":              {types: "search standard traditional"},
		"es__TRADITIONAL": {usual: "traditional"},
		"ff_Adlm":         {types: "standard", parent: "root"},
		"fi":              {types: "search standard traditional"},
		"fo":              {types: "search standard"},
		"gl":              {types: "search standard"},
		"hr":              {types: "search standard"},
		"is":              {types: "search standard"},
		"iw":              {sameAs: "he"},
		"ja":              {types: "standard unihan"},
		"kl":              {types: "search standard"},
		"kn":              {types: "standard traditional"},
		"ko":              {types: "search searchjl standard unihan"},
		"ln":              {types: "phonetic standard"},
		"mo":              {sameAs: "ro"},
		"nb":              {parent: "no"},
		"nn":              {parent: "no"},
		"no":              {types: "search standard"},
		"se":              {types: "search standard"},
		"sh":              {sameAs: "sr_Latn"},
		"si":              {types: "dictionary standard"},
		"sk":              {types: "search standard"},
		"smn":             {types: "search standard"},
		"sr_Latn":         {types: "search standard"},
		"sv":              {types: "search standard traditional"},
		"tr":              {types: "search standard"},
		"vi":              {types: "standard traditional"},
		"yue":             {sameAs: "zh_Hant"},
		"yue_CN":          {sameAs: "zh"},
		"yue_Hans":        {sameAs: "zh"},
		"zh":              {types: "pinyin stroke unihan zhuyin", usual: "pinyin"},
		"zh_Hant":         {usual: "stroke"},
	}
	for _, locale := range strings.Fields(`
		af am as be bg bo br bs_Cyrl ceb chr cs cy dsb ee el en_US_POSIX eo et fa fa_AF fil fr_CA fy gu ha haw he hi hsb
		hu hy ig ka kk km kok ku ky lkt lo lt lv mk ml mn mr mt my ne nso om or pa pl ps ro ru sl sq sr ta te th tk tn to
		ug uk ur uz wo yi yo`) {
		all[locale] = tailoring{types: "standard"}
	}
	return all
}()

// bundle returns the bundle without the rules, which are what ICU misses when it opens one of the kinds.
func (t tailoring) bundle() table {
	if t.sameAs != "" {
		return table{"%%ALIAS": t.sameAs}
	}
	b := table{}
	if t.parent != "" {
		b["%%Parent"] = t.parent
	}
	kinds := table{}
	for _, kind := range strings.Fields(t.types) {
		kinds[kind] = table{}
	}
	if t.usual != "" {
		kinds["default"] = t.usual
	}
	if len(kinds) > 0 {
		b["collations"] = kinds
	}
	return b
}
