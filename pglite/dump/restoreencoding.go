package dump

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/transform"
)

// encodings are those of PostgreSQL, by name, that are converted here, before a
// dump is divided into statements: in some of them bytes of a character look
// like ASCII. The server converts the others.
var encodings = map[string]encoding.Encoding{
	"LATIN1": charmap.ISO8859_1, "LATIN2": charmap.ISO8859_2, "LATIN3": charmap.ISO8859_3, "LATIN4": charmap.ISO8859_4,
	"LATIN5": charmap.ISO8859_9, "LATIN6": charmap.ISO8859_10, "LATIN7": charmap.ISO8859_13, "LATIN8": charmap.ISO8859_14,
	"LATIN9": charmap.ISO8859_15, "LATIN10": charmap.ISO8859_16,
	"ISO88595": charmap.ISO8859_5, "ISO88596": charmap.ISO8859_6, "ISO88597": charmap.ISO8859_7, "ISO88598": charmap.ISO8859_8,
	"WIN1250": charmap.Windows1250, "WIN1251": charmap.Windows1251, "WIN1252": charmap.Windows1252, "WIN1253": charmap.Windows1253,
	"WIN1254": charmap.Windows1254, "WIN1255": charmap.Windows1255, "WIN1256": charmap.Windows1256, "WIN1257": charmap.Windows1257,
	"WIN1258": charmap.Windows1258, "WIN866": charmap.CodePage866, "WIN874": charmap.Windows874,
	"KOI8R": charmap.KOI8R, "KOI8U": charmap.KOI8U,
	"EUCJP": japanese.EUCJP, "EUCKR": korean.EUCKR, "UHC": korean.EUCKR, "EUCCN": simplifiedchinese.GBK,
	"GBK": simplifiedchinese.GBK, "GB18030": simplifiedchinese.GB18030, "BIG5": traditionalchinese.Big5, "SJIS": japanese.ShiftJIS,
}

// A decoder converts text of a dump to UTF-8.
type decoder interface {
	String(string) (string, error)
	Reader(io.Reader) io.Reader
}

// decoderOf returns the decoder for one of PostgreSQL's encodings, or nil if
// there is none, or no need for one.
func decoderOf(name string) decoder {
	// PostgreSQL does not mind case and punctuation.
	key := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(name))
	if e := encodings[key]; e != nil {
		return strictDecoder{e}
	}
	return nil
}

// A strictDecoder fails where the text is not in its encoding.
type strictDecoder struct{ encoding.Encoding }

func (d strictDecoder) transformer() transform.Transformer {
	return transform.Chain(d.NewDecoder(), &noReplacement{})
}

func (d strictDecoder) String(s string) (string, error) {
	out, _, err := transform.String(d.transformer(), s)
	return out, err
}

func (d strictDecoder) Reader(r io.Reader) io.Reader { return transform.NewReader(r, d.transformer()) }

var errEncoding = errors.New("there is text that is not in the encoding that the dump says it has")

// replacement is what decoders make of that.
const replacement = "\ufffd"

// noReplacement passes on text in UTF-8 that has no replacement characters.
type noReplacement struct{ transform.NopResetter }

func (*noReplacement) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	n := len(src)
	if n > len(dst) {
		n, err = len(dst), transform.ErrShortDst
	}
	if err != nil || !atEOF { // a character that is cut off goes with what follows
		for i := n - 1; i >= max(0, n-utf8.UTFMax); i-- {
			if utf8.RuneStart(src[i]) {
				if !utf8.FullRune(src[i:n]) {
					n = i
				}
				break
			}
		}
	}
	if n < len(src) && err == nil {
		err = transform.ErrShortSrc
	}
	if bytes.Contains(src[:n], []byte(replacement)) {
		return 0, 0, errEncoding
	}
	return copy(dst, src[:n]), n, err
}
