// Package dname writes the names in X.509 certificates as OpenSSL does, which
// is how PostgreSQL shows and compares them.
package openssl

import (
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// attribute is one part of a name. The last field says that it shares a
// relative name with the one before.
type attribute struct {
	oid   asn1.ObjectIdentifier
	value asn1.RawValue
	more  bool
}

type relativeSET []struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// RFC2253 writes the encoded name of somebody in a certificate as RFC 2253 has
// it: the last part first, special characters and all that is not ASCII escaped.
func RFC2253(raw []byte) (string, error) {
	list, err := parse(raw)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, a := range slices.Backward(list) {
		name := shortNames[a.oid.String()]
		if name != "" {
			b.WriteString(name + "=" + a.text(true))
		} else {
			b.WriteString(a.oid.String() + "=" + a.dump())
		}
		switch {
		case a.more:
			b.WriteByte('+')
		case i > 0:
			b.WriteByte(',')
		}
	}
	return b.String(), nil
}

// OneLine writes a name with a slash before each part.
func OneLine(raw []byte) (string, error) {
	list, err := parse(raw)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, a := range list {
		name := shortNames[a.oid.String()]
		if name == "" {
			name = a.oid.String()
		}
		b.WriteString("/" + name + "=" + a.text(false))
	}
	return b.String(), nil
}

// CommonName returns the first common name, and "" if there is none or it
// has a NUL, which would cut it short where it is compared.
func CommonName(raw []byte) (string, error) {
	list, err := parse(raw)
	if err != nil {
		return "", err
	}
	for _, a := range list {
		if shortNames[a.oid.String()] == "CN" {
			text, _ := a.decode()
			if strings.ContainsRune(text, 0) {
				text = ""
			}
			return text, nil
		}
	}
	return "", nil
}

func parse(raw []byte) ([]attribute, error) {
	var sequence []relativeSET
	switch rest, err := asn1.Unmarshal(raw, &sequence); {
	case err != nil:
		return nil, fmt.Errorf("openssl: parsing a name: %w", err)
	case len(rest) > 0:
		return nil, fmt.Errorf("openssl: parsing a name: %d bytes too many", len(rest))
	}
	var list []attribute
	for _, set := range sequence {
		for i, a := range set {
			list = append(list, attribute{a.Type, a.Value, i > 0})
		}
	}
	return list, nil
}

// text returns the value as RFC 2253 escapes it. If ascii is set, so is every
// byte that is not ASCII.
func (a attribute) text(ascii bool) string {
	s, ok := a.decode()
	if !ok {
		return a.dump()
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c < 0x20, c == 0x7f, ascii && c >= 0x80:
			fmt.Fprintf(&b, `\%02X`, c)
		case strings.IndexByte(`,+"\<>;`, c) >= 0, i == 0 && (c == '#' || c == ' '), i == len(s)-1 && c == ' ':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// dump is the encoded value in hexadecimal.
func (a attribute) dump() string { return fmt.Sprintf("#%X", a.value.FullBytes) }

// decode returns the value as UTF-8 if it is a string.
func (a attribute) decode() (string, bool) {
	b := a.value.Bytes
	if a.value.Class != asn1.ClassUniversal {
		return "", false
	}
	switch a.value.Tag {
	case asn1.TagUTF8String:
		return string(b), utf8.Valid(b)
	case asn1.TagNumericString, asn1.TagPrintableString, asn1.TagIA5String, asn1.TagT61String, tagVisibleString:
		runes := make([]rune, len(b)) // which are Latin 1, or less
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes), true
	case asn1.TagBMPString:
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		}
		return string(utf16.Decode(units)), len(b)%2 == 0
	}
	return "", false
}

const tagVisibleString = 26

// shortNames are OpenSSL's names of attributes.
var shortNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.13": "description",
	"2.5.4.15": "businessCategory", "2.5.4.16": "postalAddress", "2.5.4.17": "postalCode", "2.5.4.20": "telephoneNumber",
	"2.5.4.41": "name", "2.5.4.42": "GN", "2.5.4.43": "initials", "2.5.4.44": "generationQualifier",
	"2.5.4.45": "x500UniqueIdentifier", "2.5.4.46": "dnQualifier", "2.5.4.65": "pseudonym", "2.5.4.97": "organizationIdentifier",
	"0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.3": "mail", "0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1": "emailAddress", "1.2.840.113549.1.9.2": "unstructuredName", "1.2.840.113549.1.9.8": "unstructuredAddress",
	"1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL", "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST", "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}
