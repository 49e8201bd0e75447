package icudata

// Supplement returns the files that make ICU with the data of the root collation tell the truth: the meaning of BCP 47's
// keys, which languages sort as the root collation does, and, for each that does not, a bundle that says so and lacks the
// rules. Opening a collation of one of the latter fails with U_MISSING_RESOURCE_ERROR, where ICU would otherwise take the
// root collation's order without a word. RATIONALE.md, "Why does calf write files of ICU's?"
func Supplement() Files {
	files := Files{
		Folder + "/keyTypeData.res": encodeBundle(keyTypeData(), noFallback),
		Folder + "/res_index.res":   encodeBundle(table{"InstalledLocales": installed()}, noFallback),
	}
	for locale, t := range tailored {
		files[Folder+"/coll/"+locale+".res"] = encodeBundle(t.bundle(), 0)
	}
	return files
}
