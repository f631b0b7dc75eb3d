"""The trainer's answers over HTTP, for people who have a folder of images and label files and want only the answer."""
