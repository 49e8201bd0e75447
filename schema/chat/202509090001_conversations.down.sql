DROP TABLE message_attachments, messages, conversations;
