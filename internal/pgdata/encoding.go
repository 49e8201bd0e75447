package pgdata

import "fmt"

// encodings are the names of character sets by their numbers (enum pg_enc, mb/pg_wchar.h).
var encodings = [...]string{
	"SQL_ASCII", "EUC_JP", "EUC_CN", "EUC_KR", "EUC_TW", "EUC_JIS_2004", "UTF8", "MULE_INTERNAL",
	"LATIN1", "LATIN2", "LATIN3", "LATIN4", "LATIN5", "LATIN6", "LATIN7", "LATIN8", "LATIN9", "LATIN10",
	"WIN1256", "WIN1258", "WIN866", "WIN874", "KOI8R", "WIN1251", "WIN1252", "ISO_8859_5", "ISO_8859_6",
	"ISO_8859_7", "ISO_8859_8", "WIN1250", "WIN1253", "WIN1254", "WIN1255", "WIN1257", "KOI8U",
}

// EncodingName returns the name of a character set.
func EncodingName(number uint32) string {
	if number < uint32(len(encodings)) {
		return encodings[number]
	}
	return fmt.Sprintf("encoding %d", number)
}
