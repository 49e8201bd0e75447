package presenter

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
)

// Settings are those of a conversation. In the database they are one JSON
// object, with the keys that DeepChat uses; a value of an unexpected type
// counts as absent. A nil or empty optional field means that it is not set.
type Settings struct {
	SystemPrompt string `json:"systemPrompt"`
	// Temperature is that of sampling, usually 0 to 2.
	Temperature float64 `json:"temperature"`
	// ContextLength is how many tokens of history a request may have, and
	// MaxTokens how many an answer.
	ContextLength int    `json:"contextLength"`
	MaxTokens     int    `json:"maxTokens"`
	ProviderID    string `json:"providerId"`
	ModelID       string `json:"modelId"`
	// Artifacts is 1 if answers may contain documents to be shown apart, else 0.
	Artifacts int `json:"artifacts"`
	// EnabledMCPTools are names of tools; nil means all, and an empty list none.
	EnabledMCPTools []string `json:"enabledMcpTools,omitzero"`
	// ThinkingBudget is in tokens.
	ThinkingBudget *int  `json:"thinkingBudget,omitzero"`
	EnableSearch   *bool `json:"enableSearch,omitzero"`
	ForcedSearch   *bool `json:"forcedSearch,omitzero"`
	// SearchStrategy is turbo or max; ReasoningEffort minimal, low, medium or
	// high; Verbosity low, medium or high; ChatMode agent or "acp agent".
	SearchStrategy  string `json:"searchStrategy,omitzero"`
	ReasoningEffort string `json:"reasoningEffort,omitzero"`
	Verbosity       string `json:"verbosity,omitzero"`
	ChatMode        string `json:"chatMode,omitzero"`
	// ACPWorkdirMap has the working directory of each agent, nil for none.
	ACPWorkdirMap      map[string]*string `json:"acpWorkdirMap,omitzero"`
	AgentWorkspacePath *string            `json:"agentWorkspacePath,omitzero"`
	// SelectedVariantsMap has the variant that is shown in place of a message.
	SelectedVariantsMap map[string]string `json:"selectedVariantsMap,omitzero"`
	ActiveSkills        []string          `json:"activeSkills,omitzero"`
	// More are keys that this package does not know. They are kept.
	More map[string]json.RawMessage `json:"-"`
}

// DefaultSettings returns what a conversation has if nothing else is said.
func DefaultSettings() Settings {
	return Settings{Temperature: 0.7, ContextLength: 4000, MaxTokens: 2000, ProviderID: "openai", ModelID: "gpt-4"}
}

type plainSettings Settings

// MarshalJSON writes one object of the fields and of More, whose keys yield to
// the fields'.
func (s Settings) MarshalJSON() ([]byte, error) {
	known, err := json.Marshal(plainSettings(s))
	if err != nil || len(s.More) == 0 {
		return known, err
	}
	all := maps.Clone(s.More)
	if err := json.Unmarshal(known, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads an object. It fails only if that is no object.
func (s *Settings) UnmarshalJSON(data []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	*s = Settings{}
	fields := reflect.ValueOf(s).Elem()
	for i, field := range reflect.VisibleFields(fields.Type()) {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		value, ok := all[key]
		if !ok {
			continue
		}
		delete(all, key)
		into := reflect.New(field.Type)
		if json.Unmarshal(value, into.Interface()) == nil {
			fields.Field(i).Set(into.Elem())
		}
	}
	if len(all) > 0 {
		s.More = all
	}
	return nil
}
