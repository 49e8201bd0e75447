package presenter

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// writeMarkdown writes a transcript for people. The buffer keeps the first
// error.
func (t Transcript) writeMarkdown(w *bufio.Writer) {
	c := t.Conversation
	fmt.Fprintf(w, "# %s\n\n", oneLine(c.Title))
	fmt.Fprintf(w, "%s, %s %s\n", c.CreatedAt.Format(time.RFC3339), c.Settings.ProviderID, c.Settings.ModelID)
	if c.Settings.SystemPrompt != "" {
		fmt.Fprintf(w, "\n> %s\n", strings.ReplaceAll(c.Settings.SystemPrompt, "\n", "\n> "))
	}
	attached := map[string][]Attachment{}
	for _, a := range t.Attachments {
		attached[a.MessageID] = append(attached[a.MessageID], a)
	}
	for _, m := range t.Messages {
		if m.IsVariant {
			continue
		}
		if m.IsContextEdge {
			w.WriteString("\n---\n")
		}
		role := string(m.Role)
		fmt.Fprintf(w, "\n## %s, %s", strings.ToUpper(role[:1])+role[1:], m.CreatedAt.Format(time.RFC3339))
		if m.Status != Sent {
			fmt.Fprintf(w, " (%s)", m.Status)
		}
		fmt.Fprintf(w, "\n\n%s\n", strings.TrimRight(plainContent(m.Content), "\n"))
		for _, a := range attached[m.ID] {
			fmt.Fprintf(w, "\nAttached: %s, %d bytes\n", oneLine(a.Type), len(a.Content))
		}
	}
}

// plainContent returns what people read of a message. DeepChat stores an answer
// as a JSON array of blocks, of which those of the type content are the
// answer, and a question as an object with a text. Anything else is as it is.
func plainContent(content string) string {
	switch {
	case strings.HasPrefix(content, "["):
		var blocks []struct {
			Type    string `json:"type"`
			Content string `json:"content"`
		}
		if json.Unmarshal([]byte(content), &blocks) != nil {
			return content
		}
		var texts []string
		for _, b := range blocks {
			if b.Type == "" {
				return content // an array of something else
			}
			if b.Type == "content" {
				texts = append(texts, b.Content)
			}
		}
		return strings.Join(texts, "\n\n")
	case strings.HasPrefix(content, "{"):
		var question struct {
			Text *string `json:"text"`
		}
		if json.Unmarshal([]byte(content), &question) == nil && question.Text != nil {
			return *question.Text
		}
	}
	return content
}

// oneLine makes a text fit for a heading.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
