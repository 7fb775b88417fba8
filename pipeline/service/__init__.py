"""The service that keeps an encoder warm and answers requests: it holds no alignment logic of its own.

app → engine → pools → worker → pipeline.api; the words of requests and answers stand in `wire`.
"""
