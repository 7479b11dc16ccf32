"""The dispatch desk: letters become incidents, worked on in the chat until the applicant has an answer."""
