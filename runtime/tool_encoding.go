package runtime

// encodings are the names of PostgreSQL's encodings, by number (enum pg_enc,
// pg_wchar.h). pg_dump.wasm lacks pg_encoding_to_char, although it has the
// table, and imports it from the host.
var encodings = []string{
	"SQL_ASCII", "EUC_JP", "EUC_CN", "EUC_KR", "EUC_TW", "EUC_JIS_2004", "UTF8", "MULE_INTERNAL",
	"LATIN1", "LATIN2", "LATIN3", "LATIN4", "LATIN5", "LATIN6", "LATIN7", "LATIN8", "LATIN9", "LATIN10",
	"WIN1256", "WIN1258", "WIN866", "WIN874", "KOI8R", "WIN1251", "WIN1252",
	"ISO_8859_5", "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "WIN1250", "WIN1253", "WIN1254", "WIN1255", "WIN1257", "KOI8U",
	"SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004",
}

// encodingName returns the name of an encoding, which is empty for a number that
// means none.
func encodingName(n int) string {
	if n < 0 || n >= len(encodings) {
		return ""
	}
	return encodings[n]
}

// encodingName returns the address of an encoding's name.
func (r *toolRun) encodingName(n int32) uint32 {
	p, ok := r.names[n]
	if !ok {
		if r.names == nil {
			r.names = map[int32]uint32{}
		}
		p = r.guest.NewString(encodingName(int(n)))
		r.names[n] = p
	}
	return p
}
