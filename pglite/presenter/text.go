package presenter

import (
	"encoding/json"
	"reflect"
	"unicode/utf8"
)

// encode makes JSON of a value. Unlike json.Marshal, which replaces what is not
// UTF-8, it refuses it.
func encode(op, id string, value any) (string, error) {
	if !validText(reflect.ValueOf(value)) {
		return "", refuse(op, id, invalidText, "a text is not UTF-8")
	}
	data, err := json.Marshal(value)
	if err != nil {
		return "", refuse(op, id, invalidParameter, "making JSON: %w", err)
	}
	return string(data), nil
}

// validText reports whether all strings in a value are UTF-8.
func validText(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || validText(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if !validText(v.Field(i)) {
				return false
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 { // json.RawMessage
			return v.Kind() == reflect.Array || utf8.Valid(v.Bytes())
		}
		for i := range v.Len() {
			if !validText(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if !validText(it.Key()) || !validText(it.Value()) {
				return false
			}
		}
	}
	return true
}

// rawJSON returns JSON as it is to be stored: "{}" for none.
func rawJSON(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "{}"
	}
	return string(raw)
}

// nullable is a text that is NULL in the database if it is empty.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// nullableJSON is JSON that is NULL in the database if it is empty.
func nullableJSON(raw json.RawMessage) *string { return nullable(string(raw)) }

// flag is a boolean as the database has it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// optionalFlag is flag of a boolean that may be absent.
func optionalFlag(b *bool) *int {
	if b == nil {
		return nil
	}
	n := flag(*b)
	return &n
}
